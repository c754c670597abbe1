import { arithmeticKernel, comparisonKernel, isArithmetic, isComparison } from "../functions/arithmetic.ts";
import type { BinaryOp } from "../syntax/ast.ts";
import { type ColumnChange, filterColumn } from "./instant-call.ts";
import type { Column } from "./operator.ts";

export interface VectorScalar {
  readonly op: BinaryOp;
  readonly bool: boolean;
  /** The scalar stands on the left. */
  readonly swapped: boolean;
  readonly steps: number;
}

/** A binary operation between each series and a scalar, as a change of the column; a filter keeps the series' value. */
export function vectorScalarChange({ op, bool, swapped, steps }: VectorScalar): ColumnChange {
  if (isArithmetic(op)) {
    const kernel = arithmeticKernel(op);
    return ({ values }, [scalar]) => {
      if (scalar === undefined) return;
      if (swapped) kernel(scalar, values, values);
      else kernel(values, scalar, values);
    };
  }
  if (!isComparison(op)) throw new Error(`assertion failed: operator ${op} between vector and scalar`);
  const kernel = comparisonKernel(op);
  const holds = new Uint8Array(steps);
  return (column: Column, [scalar]) => {
    if (scalar === undefined) return;
    if (swapped) kernel(scalar, column.values, holds);
    else kernel(column.values, scalar, holds);
    if (bool) column.values.set(holds);
    else filterColumn(column, holds);
  };
}

/** Whether the operation takes the metric name away. */
export function dropsName(op: BinaryOp, bool: boolean): boolean {
  return bool || isArithmetic(op);
}
