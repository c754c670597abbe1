import { GatewayError } from "../../lib/errors.ts";
import { quoteGo } from "../../model/quote.ts";
import { invalidQuantile } from "../annotation-texts.ts";
import { type Accumulator, foldedAggregates } from "../functions/accumulators.ts";
import { extremesOf } from "../functions/parameter-extremes.ts";
import { type AggregateNode, spanOf } from "../plan/node.ts";
import type { AggregateOp } from "../syntax/ast.ts";
import { createAggregate, type HistogramRule, namesAfterGrouping } from "./aggregate.ts";
import { createQuantile } from "./aggregate-held.ts";
import { type Compiler, notSupported } from "./compiler.ts";
import { createCountValues } from "./count-values.ts";
import { createGrouping } from "./grouping.ts";
import { createLimitK, createLimitRatio, type Limit } from "./limit.ts";
import type { Operator, ScalarOperator } from "./operator.ts";
import { afterPreparing, whenReady } from "./pull.ts";
import { mergeRepeats } from "./repeats.ts";
import type { Run } from "./run.ts";
import type { Span } from "./span.ts";
import { createTopK } from "./top-k.ts";

export function compileAggregate(
  compiler: Compiler,
  node: AggregateNode,
  span: Span,
  sorted: boolean,
): Operator {
  const { op } = node;
  const folded = foldedAggregates.get(op);
  if (folded !== undefined) return grouped(compiler, node, span, { accumulator: folded, sorted });
  switch (op) {
    case "count_values":
      return countValues(compiler, node, span, sorted);
    case "topk":
    case "bottomk":
      return topK(compiler, node, span, op === "topk");
    case "quantile":
      return quantile(compiler, node, span, sorted);
    case "limitk":
      return createLimitK(
        compiler.run,
        limit(compiler, node, span),
        createGrouping(node.grouping, node.without),
      );
    case "limit_ratio":
      return createLimitRatio(compiler.run, limit(compiler, node, span));
    default:
      throw notSupported(`aggregation "${op}"`);
  }
}

function grouped(
  compiler: Compiler,
  node: AggregateNode,
  span: Span,
  how: { readonly accumulator: (steps: number) => Accumulator; readonly sorted: boolean },
): Operator {
  return createAggregate(compiler.run, {
    input: compiler.vector(node.expr, span, false),
    grouping: createGrouping(node.grouping, node.without),
    accumulator: how.accumulator,
    steps: span.grid.count,
    names: namesAfterGrouping(node.grouping, node.without),
    histograms: histogramRule(node.op),
    span: spanOf(node.expr),
    sorted: how.sorted,
  });
}

function histogramRule(op: AggregateOp): HistogramRule {
  switch (op) {
    case "count":
    case "group":
      return "count";
    case "sum":
    case "avg":
      return { sumsOf: op };
    default:
      return { ignoredBy: op };
  }
}

function parameter(compiler: Compiler, node: AggregateNode, span: Span): ScalarOperator {
  if (node.param === undefined) throw new Error(`assertion failed: ${node.op} without parameter`);
  return compiler.scalar(node.param, span);
}

function quantile(compiler: Compiler, node: AggregateNode, span: Span, sorted: boolean): Operator {
  const param = parameter(compiler, node, span);
  let phi: Float64Array = new Float64Array(0);
  const operator = grouped(compiler, node, span, {
    accumulator: (steps) => createQuantile(compiler.run, steps, phi),
    sorted,
  });
  return {
    ...operator,
    next: afterPreparing(() => {
      const ready = whenReady(param.read(), (values) => {
        phi = values;
        tellQuantiles(compiler.run, values, node);
      });
      return ready instanceof Promise ? ready : undefined;
    }, operator.next),
  };
}

/** Upstream warns of NaN, of the largest and of the least, each once. */
function tellQuantiles(run: Run, phi: Float64Array, { param, span }: AggregateNode): void {
  if (param === undefined) return;
  const place = { span: spanOf(param), saidBy: span };
  const { least, most, hasNaN } = extremesOf(phi);
  if (hasNaN) run.annotate(invalidQuantile(Number.NaN, place));
  if (most > 1) run.annotate(invalidQuantile(most, place));
  if (least < 0) run.annotate(invalidQuantile(least, place));
}

function topK(compiler: Compiler, node: AggregateNode, span: Span, largest: boolean): Operator {
  const input = compiler.vector(node.expr, span, false);
  return createTopK(compiler.run, {
    input: input.repeats ? mergeRepeats(compiler.run, input, false) : input,
    grouping: createGrouping(node.grouping, node.without),
    largest,
    k: parameter(compiler, node, span),
    steps: span.grid.count,
    span: node.span,
  });
}

function limit(compiler: Compiler, node: AggregateNode, span: Span): Limit {
  const input = compiler.vector(node.expr, span, false);
  return {
    input: input.repeats ? mergeRepeats(compiler.run, input, false) : input,
    param: parameter(compiler, node, span),
    steps: span.grid.count,
    place: { span: spanOf(node.param ?? node), saidBy: node.span },
  };
}

function countValues(compiler: Compiler, node: AggregateNode, span: Span, sorted: boolean): Operator {
  const { param, grouping, without } = node;
  if (param?.kind !== "string") throw new Error("assertion failed: count_values without label");
  const label = param.value;
  if (label === "" || !label.isWellFormed()) {
    throw new GatewayError("execution", `invalid label name ${quoteGo(label)}`);
  }
  return createCountValues(compiler.run, {
    input: compiler.vector(node.expr, span, false),
    label,
    grouping,
    without,
    steps: span.grid.count,
    names: namesAfterGrouping(without ? grouping : [...grouping, label], without),
    sorted,
  });
}
