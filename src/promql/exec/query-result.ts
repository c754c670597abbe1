import type { QueryResult, ResultColumn } from "../engine.ts";
import { type PlanNode, valueTypeOf } from "../plan/node.ts";
import type { ValueType } from "../syntax/ast.ts";
import { createCompiler } from "./compile.ts";
import { mayKeepEmptyBuckets } from "./compile-range-call.ts";
import { dropMarkedNames } from "./drop-name.ts";
import { createMatrixResult } from "./matrix-result.ts";
import type { Column, Operator } from "./operator.ts";
import { orderAfterDrop } from "./order-after-drop.ts";
import { pullMapped } from "./pull.ts";
import { mergeRepeats } from "./repeats.ts";
import type { Run } from "./run.ts";
import { vectorOfScalar } from "./scalar.ts";
import type { Span } from "./span.ts";

export interface ResultShape {
  readonly type: Exclude<ValueType, "none">;
  readonly span: Span;
  /** A range query: its answer is a matrix whatever the expression. */
  readonly range: boolean;
}

/** Runs a plan. Sources open with the first pull. */
export function createQueryResult(run: Run, plan: PlanNode, shape: ResultShape): QueryResult {
  const { span, type } = shape;
  const { grid } = span;
  const base = {
    type,
    grid,
    text: undefined,
    close: () => run.close(),
    stats: () => run.stats(),
    annotations: run.annotations,
    // Of the record that the run began with, the plan's root is the only input.
    analysis: () => run.record?.analysis().children[0],
  };
  if (plan.kind === "string") {
    return { ...base, ordered: true, text: plan.value, next: () => undefined };
  }
  if (grid.count === 0) return { ...base, ordered: true, next: () => undefined };
  if (valueTypeOf(plan) === "matrix") {
    const matrix = createMatrixResult(run, plan, span);
    return { ...base, ordered: true, next: opening(run, matrix.next) };
  }
  const root = createRoot(run, plan, shape);
  const lend = ({ labels, values, present, histograms, count }: Column): ResultColumn => ({
    labels,
    values,
    histograms,
    length: grid.count,
    present: count === grid.count ? undefined : present,
    timesMs: undefined,
  });
  return { ...base, ordered: root.ordered, next: opening(run, () => pullMapped(root, lend)) };
}

function createRoot(run: Run, plan: PlanNode, { span, range }: ResultShape): Operator {
  const compiler = createCompiler(run);
  const steps = span.grid.count;
  if (valueTypeOf(plan) === "scalar") return vectorOfScalar(compiler.scalar(plan, span), steps);
  const root = compiler.vector(mayKeepEmptyBuckets(plan), span, range);
  if (run.options.delayedNameRemoval) return dropMarkedNames(run, root, range);
  if (root.repeats && steps > 1) return mergeRepeats(run, root, range);
  return range && root.ordered && root.names === "none" ? orderAfterDrop(run, root) : root;
}

function opening<T>(run: Run, next: () => T): () => T {
  let opened = false;
  return () => {
    if (!opened) {
      opened = true;
      run.openAll();
    }
    return next();
  };
}
