import { sortInRangeQuery } from "../annotation-texts.ts";
import { dateFunctions } from "../functions/date-functions.ts";
import { clampMax, clampMin, instantFunctions, roundColumn } from "../functions/instant-functions.ts";
import { type CallNode, type PlanNode, spanOf, valueTypeOf } from "../plan/node.ts";
import { absentLabels, createAbsent } from "./absent.ts";
import { compileInfo } from "./compile-info.ts";
import { type Compiler, notSupported } from "./compiler.ts";
import { createHistogramCall } from "./histogram-call.ts";
import { type HistogramFigure, histogramFigures, toFigures } from "./histogram-figures.ts";
import { histogramFraction, histogramQuantiles } from "./histogram-functions.ts";
import { type ColumnChange, createInstantCall, filterColumn } from "./instant-call.ts";
import { repeatSteps } from "./invariant.ts";
import type { Operator } from "./operator.ts";
import { createLabelJoin, createLabelReplace } from "./relabel.ts";
import { constantScalar, timeScalar, vectorOfScalar } from "./scalar.ts";
import { createSelector } from "./selector.ts";
import { byLabels, byValue, createSort } from "./sort.ts";
import { firstStepOf, type Span } from "./span.ts";

/** One call as it is compiled: its arguments and where. */
interface Call {
  readonly compiler: Compiler;
  readonly node: CallNode;
  readonly span: Span;
  readonly sorted: boolean;
}

/** A function without a range vector among its arguments. */
export function compileInstantCall(
  compiler: Compiler,
  node: CallNode,
  span: Span,
  sorted: boolean,
): Operator {
  const call: Call = { compiler, node, span, sorted };
  const simple = instantFunctions.get(node.func);
  if (simple !== undefined) {
    if (node.args.length === 0 && dateFunctions.has(node.func)) {
      const input = vectorOfScalar(timeScalar(span), span.grid.count);
      return changed(call, input, ({ values }) => simple(values));
    }
    return changed(call, vectorArg(call, 0), ({ values }) => simple(values));
  }
  const figure = histogramFigures.get(node.func);
  if (figure !== undefined) return histogramFigure(call, figure);
  return compileNamed(call);
}

function compileNamed(call: Call): Operator {
  const { compiler, node, span } = call;
  const steps = span.grid.count;
  switch (node.func) {
    case "vector":
      return vectorOfScalar(compiler.scalar(argument(call, 0), span), steps);
    case "timestamp":
      return timestamp(call);
    case "start_timestamp":
      return startTimestamp(call);
    case "absent":
      return createAbsent(vectorArg(call, 0), absentLabels(argument(call, 0)), steps);
    case "round":
    case "clamp":
    case "clamp_min":
    case "clamp_max":
      return withScalars(call);
    case "sort":
    case "sort_desc":
      return sortByValue(call);
    case "sort_by_label":
    case "sort_by_label_desc":
      if (!sorts(call)) return vectorArg(call, 0);
      return createSort(
        compiler.run,
        vectorArg(call, 0),
        byLabels(texts(call, 1), node.func === "sort_by_label_desc"),
      );
    case "label_replace": {
      const [destination = "", replacement = "", source = "", pattern = ""] = texts(call, 1);
      return createLabelReplace(call.compiler.run, vectorArg(call, 0), {
        destination,
        replacement,
        source,
        pattern,
      });
    }
    case "label_join": {
      const [destination = "", separator = "", ...sources] = texts(call, 1);
      return createLabelJoin(call.compiler.run, vectorArg(call, 0), { destination, separator, sources });
    }
    case "histogram_quantile":
    case "histogram_quantiles":
    case "histogram_fraction":
      return histogramCall(call);
    case "info":
      return compileInfo(compiler, node, span);
    default:
      throw notSupported(`function "${node.func}"`);
  }
}

function argument({ node }: Call, index: number): PlanNode {
  const arg = node.args[index];
  if (arg === undefined) throw new Error(`assertion failed: ${node.func} lacks an argument`);
  return arg;
}

function vectorArg(call: Call, index: number): Operator {
  return call.compiler.vector(argument(call, index), call.span, call.sorted);
}

function texts({ node }: Call, from: number): string[] {
  return node.args.slice(from).map((arg) => (arg.kind === "string" ? arg.value : ""));
}

/** Of a function that knows floats only. */
function changed({ compiler }: Call, input: Operator, change: ColumnChange): Operator {
  return createInstantCall(compiler.run, { input, params: [], change, histograms: "drop", dropsName: true });
}

/** Whether an order is to be made: of one step only, several are always in label order. A range of one step is told so too. */
function sorts({ compiler, node, span }: Call): boolean {
  if (span.endMs > span.grid.startMs) compiler.run.annotate(sortInRangeQuery(node.span));
  return span.grid.count === 1;
}

function sortByValue(call: Call): Operator {
  const { run } = call.compiler;
  const floats = createInstantCall(run, {
    input: vectorArg(call, 0),
    params: [],
    change: () => undefined,
    histograms: "drop",
    dropsName: false,
  });
  return sorts(call) ? createSort(run, floats, byValue(call.node.func === "sort_desc")) : floats;
}

/** Of a selector the time of the sample itself, of anything else the time of the step. */
function timestamp(call: Call): Operator {
  const { compiler, span } = call;
  const arg = argument(call, 0);
  const inner = arg.kind === "invariant" ? arg.expr : arg;
  if (inner.kind === "selector" && inner.signed === undefined) {
    const pinned = arg.kind === "invariant";
    const selector = createSelector(compiler.run, inner, pinned ? firstStepOf(span) : span, "times");
    return changed(
      call,
      pinned ? repeatSteps(compiler.run, selector, span.grid.count) : selector,
      () => undefined,
    );
  }
  return createInstantCall(compiler.run, {
    input: vectorArg(call, 0),
    params: [timeScalar(span)],
    change(column, [times]) {
      if (times !== undefined) column.values.set(times);
      column.histograms = undefined;
    },
    histograms: "keep",
    dropsName: true,
  });
}

/** When the counters behind a selector's samples began; nothing of anything else, or without the feature. */
function startTimestamp(call: Call): Operator {
  const { compiler, span } = call;
  const arg = argument(call, 0);
  const bare = arg.kind === "selector" && arg.signed === undefined;
  if (bare && compiler.run.options.features.has("use-start-timestamps")) {
    return changed(call, createSelector(compiler.run, arg, span, "start-times"), () => undefined);
  }
  return changed(call, vectorArg(call, 0), (column) => {
    column.count = 0;
  });
}

/** A function that answers for native histograms only. */
function histogramFigure(call: Call, figure: HistogramFigure): Operator {
  return createInstantCall(call.compiler.run, {
    input: vectorArg(call, 0),
    params: [],
    change: (column) => toFigures(column, figure),
    histograms: "keep",
    // As upstream has it, of these functions alone.
    dropsName: "keeps-type",
  });
}

function withScalars(call: Call): Operator {
  const { compiler, node, span } = call;
  const steps = span.grid.count;
  const scalars = node.args.slice(1).map((arg) => compiler.scalar(arg, span));
  if (node.func === "round" && scalars.length === 0) scalars.push(constantScalar(1, steps));
  return createInstantCall(compiler.run, {
    input: vectorArg(call, 0),
    params: scalars,
    change: scalarChange(node.func, steps),
    histograms: "drop",
    dropsName: true,
  });
}

function scalarChange(func: string, steps: number): ColumnChange {
  const keep = new Uint8Array(steps);
  return (column, [first, second]) => {
    if (first === undefined) return;
    if (func === "round") roundColumn(column.values, first);
    else if (func === "clamp_min") clampMin(column.values, first);
    else if (func === "clamp_max") clampMax(column.values, first);
    else if (second !== undefined) {
      clampMax(column.values, second);
      clampMin(column.values, first);
      for (let k = 0; k < steps; k++) keep[k] = (first[k] as number) > (second[k] as number) ? 0 : 1;
      filterColumn(column, keep);
    }
  };
}

function histogramCall(call: Call): Operator {
  const { compiler, node, span, sorted } = call;
  const vector = node.args.find((arg) => valueTypeOf(arg) === "vector");
  if (vector === undefined) throw new Error(`assertion failed: ${node.func} without vector`);
  const scalars = node.args.filter((arg) => valueTypeOf(arg) === "scalar");
  const label = node.args.find((arg) => arg.kind === "string");
  return createHistogramCall(compiler.run, {
    input: compiler.vector(vector, span, false),
    params: scalars.map((arg) => compiler.scalar(arg, span)),
    func:
      node.func === "histogram_fraction"
        ? histogramFraction(spanOf(vector))
        : histogramQuantiles(
            compiler.run,
            { vector: spanOf(vector), params: scalars.map(spanOf) },
            label?.value,
          ),
    span,
    vector: spanOf(vector),
    sorted,
  });
}
