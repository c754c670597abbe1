import type { ValueType } from "./ast.ts";

/** What a function takes and gives. */
export interface FunctionSignature {
  readonly name: string;
  readonly argTypes: readonly ValueType[];
  /**
   * 0: exactly `argTypes`. Otherwise the last type may be left out or repeated: up to this many, −1 for any number.
   */
  readonly variadic: number;
  readonly returnType: ValueType;
  /** Only where experimental functions are on. */
  readonly experimental: boolean;
}

const scalar: ValueType = "scalar";
const vector: ValueType = "vector";
const matrix: ValueType = "matrix";
const string: ValueType = "string";

const table = new Map<string, FunctionSignature>();

interface Extras {
  readonly variadic?: number;
  readonly returns?: ValueType;
  readonly experimental?: boolean;
}

function define(names: string, argTypes: readonly ValueType[], extras: Extras = {}): void {
  for (const name of names.split(" ")) table.set(name, signature(name, argTypes, extras));
}

function signature(name: string, argTypes: readonly ValueType[], extras: Extras): FunctionSignature {
  return {
    name,
    argTypes,
    variadic: extras.variadic ?? 0,
    returnType: extras.returns ?? vector,
    experimental: extras.experimental ?? false,
  };
}

const experimental = true;

define("abs absent ceil exp floor ln log10 log2 sgn sort sort_desc sqrt timestamp", [vector]);
define("acos acosh asin asinh atan atanh cos cosh deg rad sin sinh tan tanh", [vector]);
define("histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar", [vector]);
define("absent_over_time avg_over_time changes count_over_time delta deriv first_over_time", [matrix]);
define("idelta increase irate last_over_time max_over_time min_over_time", [matrix]);
define("present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time", [matrix]);
define("mad_over_time ts_of_first_over_time ts_of_last_over_time", [matrix], { experimental });
define("ts_of_max_over_time ts_of_min_over_time", [matrix], { experimental });
define("day_of_month day_of_week day_of_year days_in_month", [vector], { variadic: 1 });
define("hour minute month year", [vector], { variadic: 1 });
define("clamp", [vector, scalar, scalar]);
define("clamp_max clamp_min", [vector, scalar]);
define("round", [vector, scalar], { variadic: 1 });
define("double_exponential_smoothing", [matrix, scalar, scalar], { experimental });
define("predict_linear", [matrix, scalar]);
define("quantile_over_time", [scalar, matrix]);
define("histogram_fraction", [scalar, scalar, vector]);
define("histogram_quantile", [scalar, vector]);
define("histogram_quantiles", [vector, string, scalar, scalar], { variadic: 9, experimental });
define("info", [vector, vector], { variadic: 1, experimental });
define("label_join", [vector, string, string, string], { variadic: -1 });
define("label_replace", [vector, string, string, string, string]);
define("sort_by_label sort_by_label_desc", [vector, string], { variadic: -1, experimental });
define("start_timestamp", [vector], { experimental });
define("scalar", [vector], { returns: scalar });
define("vector", [scalar]);
define("pi time", [], { returns: scalar });
define("start end step range", [], { returns: scalar, experimental });
define("max_of min_of", [scalar, scalar], { returns: scalar, experimental });

/** Every function of PromQL by its name. */
export const functions: ReadonlyMap<string, FunctionSignature> = table;

/** Functions that Thanos adds behind `--query.enable-x-functions`. */
export const xFunctions: ReadonlyMap<string, FunctionSignature> = new Map(
  ["xdelta", "xincrease", "xrate"].map((name) => [name, signature(name, [matrix], {})]),
);

/** A function of either kind. */
export function signatureOf(name: string): FunctionSignature | undefined {
  return functions.get(name) ?? xFunctions.get(name);
}
