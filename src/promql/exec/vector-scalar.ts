import { createHistogram } from "../../model/histogram/histogram.ts";
import { arithmeticKernel, comparisonKernel, isArithmetic, isComparison } from "../functions/arithmetic.ts";
import {
  createOperation,
  type ElementOp,
  isTrim,
  operate,
  operationAnnotation,
} from "../functions/histogram-arithmetic.ts";
import type { ArithmeticOp, BinaryOp, ComparisonOp, Span } from "../syntax/ast.ts";
import { createInstantCall, filterColumn } from "./instant-call.ts";
import type { Column, Operator, ScalarOperator } from "./operator.ts";
import type { Run } from "./run.ts";
import { createStepNotes } from "./step-notes.ts";

export interface VectorScalar {
  readonly op: BinaryOp;
  readonly bool: boolean;
  readonly vector: Operator;
  readonly scalar: ScalarOperator;
  /** The scalar stands on the left. */
  readonly swapped: boolean;
  readonly steps: number;
  /** The operation in the text. */
  readonly span: Span;
}

/** A binary operation between each series and a scalar; a filter keeps the series' value. */
export function createVectorScalar(run: Run, operation: VectorScalar): Operator {
  const { op, bool, span, steps } = operation;
  if (!isArithmetic(op) && !isComparison(op) && !isTrim(op)) {
    throw new Error(`assertion failed: operator ${op} between vector and scalar`);
  }
  const notes = createStepNotes(run, steps, (note) => operationAnnotation(op, span, note));
  const floats = isTrim(op) ? undefined : floatChange(op, operation);
  const histograms = createHistogramChange(op, operation, notes.add);
  return createInstantCall(run, {
    input: operation.vector,
    params: [operation.scalar],
    change(column, [scalar]) {
      if (scalar === undefined) return;
      if (column.histograms !== undefined || floats === undefined) histograms(column, scalar);
      floats?.(column, scalar);
    },
    histograms: "keep",
    dropsName: bool || isArithmetic(op),
    end: notes.tell,
  });
}

type Change = (column: Column, scalar: Float64Array) => void;

function floatChange(op: ArithmeticOp | ComparisonOp, { bool, swapped, steps }: VectorScalar): Change {
  if (isArithmetic(op)) {
    const kernel = arithmeticKernel(op);
    return ({ values }, scalar) => {
      if (swapped) kernel(scalar, values, values);
      else kernel(values, scalar, values);
    };
  }
  const kernel = comparisonKernel(op);
  const holds = new Uint8Array(steps);
  return (column, scalar) => {
    if (swapped) kernel(scalar, column.values, holds);
    else kernel(column.values, scalar, holds);
    if (bool) column.values.set(holds);
    else filterColumn(column, holds);
  };
}

/** Works out the histograms of a column, and with a trim operator its floats; what has no answer goes. */
function createHistogramChange(
  op: ElementOp,
  { swapped, steps }: VectorScalar,
  note: (step: number, note: number) => void,
): Change {
  const entry = createOperation();
  const lent = createHistogram();
  const keep = new Uint8Array(steps);
  return (column, scalar) => {
    const { histograms, present } = column;
    for (let k = 0; k < steps; k++) {
      keep[k] = 1;
      if (present[k] === 0) continue;
      const vector = histograms?.has(k) ? histograms.lend(k, lent) : undefined;
      if (vector === undefined && !isTrim(op)) continue;
      entry.lhs = swapped ? undefined : vector;
      entry.rhs = swapped ? vector : undefined;
      entry.left = scalar[k] as number;
      entry.right = scalar[k] as number;
      operate(op, entry);
      if (entry.note !== 0) note(k, entry.note);
      if (entry.failed) keep[k] = 0;
      else histograms?.set(k, entry.histogram);
    }
    filterColumn(column, keep);
    // No comparison with a float has an answer.
    if (isComparison(op)) column.histograms = undefined;
  };
}
