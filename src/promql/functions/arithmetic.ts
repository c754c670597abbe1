import type { ArithmeticOp, BinaryOp, ComparisonOp } from "../syntax/ast.ts";
import { goPow } from "./go-math.ts";

/** Entry by entry over the first `length` of both sides; `out` may be either of them. */
export type BinaryKernel = (a: Float64Array, b: Float64Array, out: Float64Array) => void;

const arithmetic: Readonly<Record<ArithmeticOp, BinaryKernel>> = {
  "+": (a, b, out) => {
    for (let k = 0; k < out.length; k++) out[k] = (a[k] as number) + (b[k] as number);
  },
  "-": (a, b, out) => {
    for (let k = 0; k < out.length; k++) out[k] = (a[k] as number) - (b[k] as number);
  },
  "*": (a, b, out) => {
    for (let k = 0; k < out.length; k++) out[k] = (a[k] as number) * (b[k] as number);
  },
  "/": (a, b, out) => {
    for (let k = 0; k < out.length; k++) out[k] = (a[k] as number) / (b[k] as number);
  },
  "%": (a, b, out) => {
    for (let k = 0; k < out.length; k++) out[k] = (a[k] as number) % (b[k] as number);
  },
  "^": (a, b, out) => {
    for (let k = 0; k < out.length; k++) out[k] = goPow(a[k] as number, b[k] as number);
  },
  atan2: (a, b, out) => {
    for (let k = 0; k < out.length; k++) out[k] = Math.atan2(a[k] as number, b[k] as number);
  },
};

/** Writes 1 where the comparison holds and 0 elsewhere. */
export type ComparisonKernel = (a: Float64Array, b: Float64Array, out: Uint8Array) => void;

const comparison: Readonly<Record<ComparisonOp, ComparisonKernel>> = {
  "==": (a, b, out) => {
    for (let k = 0; k < out.length; k++) out[k] = a[k] === b[k] ? 1 : 0;
  },
  "!=": (a, b, out) => {
    for (let k = 0; k < out.length; k++) out[k] = a[k] !== b[k] ? 1 : 0;
  },
  ">": (a, b, out) => {
    for (let k = 0; k < out.length; k++) out[k] = (a[k] as number) > (b[k] as number) ? 1 : 0;
  },
  "<": (a, b, out) => {
    for (let k = 0; k < out.length; k++) out[k] = (a[k] as number) < (b[k] as number) ? 1 : 0;
  },
  ">=": (a, b, out) => {
    for (let k = 0; k < out.length; k++) out[k] = (a[k] as number) >= (b[k] as number) ? 1 : 0;
  },
  "<=": (a, b, out) => {
    for (let k = 0; k < out.length; k++) out[k] = (a[k] as number) <= (b[k] as number) ? 1 : 0;
  },
};

export function isArithmetic(op: BinaryOp): op is ArithmeticOp {
  return Object.hasOwn(arithmetic, op);
}

export function isComparison(op: BinaryOp): op is ComparisonOp {
  return Object.hasOwn(comparison, op);
}

export function arithmeticKernel(op: ArithmeticOp): BinaryKernel {
  return arithmetic[op];
}

export function comparisonKernel(op: ComparisonOp): ComparisonKernel {
  return comparison[op];
}
