import { GatewayError } from "../../lib/errors.ts";
import type { ParameterPlace } from "../annotation-texts.ts";
import { createSmoothedInstant } from "../functions/extended-range.ts";
import { createMixedSmoothedInstant } from "../functions/mixed/extended-histograms.ts";
import { askForStartTimes, mixedKernel } from "../functions/mixed/mixed-functions.ts";
import { rangeFunctions } from "../functions/range-functions.ts";
import { createXFunction, isXFunction } from "../functions/x-functions.ts";
import {
  type CallNode,
  type MatrixNode,
  type PlanNode,
  type SelectorNode,
  type SubqueryNode,
  spanOf,
} from "../plan/node.ts";
import { absentLabels, createAbsent } from "./absent.ts";
import { type Compiler, notSupported } from "./compiler.ts";
import { extendedKernel, extendWindows, extensionOf } from "./extension.ts";
import type { Names, Operator } from "./operator.ts";
import { createRangeCall } from "./range-call.ts";
import { createCounterRemark, createQuantileRemark, type Remark } from "./range-notes.ts";
import type { Run } from "./run.ts";
import { createMatrixSelector } from "./selector.ts";
import { endsOf, type Span } from "./span.ts";
import { forgetResets } from "./subquery.ts";

/** A function whose argument `at` is a range vector. */
export function compileRangeCall(compiler: Compiler, node: CallNode, span: Span, at: number): Operator {
  const { run } = compiler;
  const arg = node.args[at];
  const range = rangeVector(arg);
  const absent = node.func === "absent_over_time";
  const func = absent ? "present_over_time" : node.func;
  const maker = makerOf(func, range);
  const extension =
    range.kind === "matrix" && range.selector.extension !== undefined
      ? extensionOf(range.selector, range.rangeMs, run.lookbackMs)
      : undefined;
  const windows = {
    ...endsOf(span.grid, range.kind === "matrix" ? range.selector : range),
    rangeMs: range.rangeMs,
  };
  const read = compiler.matrix(arg ?? range, span);
  const input = range.kind === "subquery" ? forgetResets(read) : read;
  const place = placeOfNotes(node);
  const compacts = node.mayKeepEmptyBuckets !== true;
  const call = createRangeCall(run, {
    input,
    windows: range.kind === "matrix" ? extendWindows(windows, range.selector, run.lookbackMs) : windows,
    params: node.args.filter((_, i) => i !== at).map((arg) => compiler.scalar(arg, span)),
    kernels: (params) => {
      const floats =
        extension === undefined ? maker(params, span.grid) : extendedKernel(node.func, extension);
      const mixed = () => mixedKernel({ func, kernel: floats, params, extension, compacts });
      return { floats, mixed, remark: remarkOf(run, func, params, { names: input.names, place }) };
    },
    asksForStartTimes: askForStartTimes.has(func),
    keepsName: absent || func === "last_over_time" || func === "first_over_time",
    place,
  });
  return absent ? createAbsent(call, absentLabels(range), span.grid.count) : call;
}

const dropEmptyBuckets: ReadonlySet<string> = new Set(["delta", "idelta", "increase", "irate", "rate"]);

/**
 * A plan whose reader does not tell an empty bucket from none, as sums and answers do not. Histograms of one layout are
 * summed up far faster than those of which each has left out other buckets.
 */
export function mayKeepEmptyBuckets(node: PlanNode): PlanNode {
  return node.kind === "call" && dropEmptyBuckets.has(node.func)
    ? { ...node, mayKeepEmptyBuckets: true }
    : node;
}

type KernelMaker = NonNullable<ReturnType<typeof rangeFunctions.get>>;

function makerOf(func: string, range: MatrixNode | SubqueryNode): KernelMaker {
  if (isXFunction(func)) {
    if (range.kind === "matrix") return () => createXFunction(func, range.rangeMs);
    throw new GatewayError(
      "execution",
      `cannot evaluate ${func}: its argument is a subquery, wants a range selector`,
    );
  }
  const maker = rangeFunctions.get(func);
  if (maker === undefined) throw notSupported(`function "${func}"`);
  return maker;
}

function remarkOf(
  run: Run,
  func: string,
  [param]: readonly Float64Array[],
  { names, place }: { readonly names: Names; readonly place: ParameterPlace },
): Remark | undefined {
  switch (func) {
    case "rate":
    case "increase":
      return createCounterRemark(run, names, place);
    case "quantile_over_time":
      return createQuantileRemark(run, param, place);
    default:
      return undefined;
  }
}

/** Where upstream points to: the first argument, or the query's beginning where that is a subquery. */
function placeOfNotes({ args, span }: CallNode): ParameterPlace {
  const first = args[0];
  if (first === undefined) return { span, saidBy: span };
  const inner = first.kind === "invariant" ? first.expr : first;
  return { span: inner.kind === "subquery" ? { start: 0, end: 0 } : spanOf(first), saidBy: span };
}

function rangeVector(node: PlanNode | undefined): MatrixNode | SubqueryNode {
  const inner = node?.kind === "invariant" ? node.expr : node;
  if (inner?.kind === "matrix" || inner?.kind === "subquery") return inner;
  throw new Error(`assertion failed: ${inner?.kind} is no range vector`);
}

/** A smoothed instant selector: a function of the samples around each step. */
export function compileSmoothedSelector({ run }: Compiler, selector: SelectorNode, span: Span): Operator {
  const node = { kind: "matrix", span: selector.span, selector, rangeMs: 0 } as const;
  return createRangeCall(run, {
    input: createMatrixSelector(run, node, span),
    windows: extendWindows({ ...endsOf(span.grid, selector), rangeMs: 0 }, selector, run.lookbackMs),
    params: [],
    kernels: () => ({
      floats: createSmoothedInstant(run.lookbackMs),
      mixed: () => createMixedSmoothedInstant(run.lookbackMs),
      remark: undefined,
    }),
    asksForStartTimes: false,
    keepsName: true,
    place: { span: selector.span, saidBy: selector.span },
  });
}
