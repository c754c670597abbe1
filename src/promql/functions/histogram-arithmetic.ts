import { addTo, combined, subtractFrom } from "../../model/histogram/combine.ts";
import { compact } from "../../model/histogram/compact.ts";
import { equalHistograms } from "../../model/histogram/equal.ts";
import {
  copyHistogram,
  createHistogram,
  type Histogram,
  resetHints,
} from "../../model/histogram/histogram.ts";
import { divide, multiply } from "../../model/histogram/scale.ts";
import { trimBuckets } from "../../model/histogram/trim.ts";
import {
  counterResetCollision,
  incompatibleBuckets,
  incompatibleTypes,
  mismatchedCustomBuckets,
} from "../annotation-texts.ts";
import type { Annotation } from "../annotations.ts";
import type { ArithmeticOp, BinaryOp, ComparisonOp, Span, TrimOp } from "../syntax/ast.ts";

export type ElementOp = ArithmeticOp | ComparisonOp | TrimOp;

export function isTrim(op: BinaryOp): op is TrimOp {
  return op === "</" || op === ">/";
}

/** What a binary operation can have to say of two entries; 0 is nothing. */
export const operationNotes = {
  floatFloat: 1,
  floatHistogram: 2,
  histogramFloat: 3,
  histogramHistogram: 4,
  resetCollision: 5,
  customMismatch: 6,
  incompatible: 7,
} as const;

/**
 * One entry of a binary operation, its two sides and what became of them. Reused from entry to entry. A side without
 * histogram is the float.
 */
export interface Operation {
  left: number;
  right: number;
  lhs: Histogram | undefined;
  rhs: Histogram | undefined;
  /** There is no answer, not even that a comparison does not hold. */
  failed: boolean;
  /** The operation has a value, or the comparison holds. */
  keep: boolean;
  /** One of `operationNotes`. */
  note: number;
  /** The value, where it is a histogram; of a comparison its left side. */
  readonly histogram: Histogram;
}

export function createOperation(): Operation {
  return {
    left: 0,
    right: 0,
    lhs: undefined,
    rhs: undefined,
    failed: false,
    keep: false,
    note: 0,
    histogram: createHistogram(),
  };
}

/**
 * Works out an entry that has a histogram on a side, or a trim operator. Follows upstream's vectorElemBinop.
 */
export function operate(op: ElementOp, entry: Operation): void {
  const { lhs, rhs } = entry;
  entry.failed = false;
  entry.keep = true;
  entry.note = 0;
  if (lhs !== undefined && rhs !== undefined) betweenHistograms(op, lhs, rhs, entry);
  else if (lhs !== undefined) withFloat(op, lhs, entry.right, entry);
  else if (rhs !== undefined && op === "*") scaled(rhs, entry.left, entry);
  else fail(entry, rhs === undefined ? operationNotes.floatFloat : operationNotes.floatHistogram);
}

function fail(entry: Operation, note: number): void {
  entry.failed = true;
  entry.keep = false;
  entry.note = note;
}

function scaled(histogram: Histogram, factor: number, entry: Operation): void {
  copyHistogram(histogram, entry.histogram);
  multiply(entry.histogram, factor);
  compact(entry.histogram);
}

function withFloat(op: ElementOp, lhs: Histogram, rhs: number, entry: Operation): void {
  switch (op) {
    case "*":
      scaled(lhs, rhs, entry);
      return;
    case "/":
      copyHistogram(lhs, entry.histogram);
      divide(entry.histogram, rhs);
      compact(entry.histogram);
      return;
    case "</":
    case ">/":
      copyHistogram(lhs, entry.histogram);
      trimBuckets(entry.histogram, rhs, op === "</" ? "upper" : "lower");
      return;
    default:
      fail(entry, operationNotes.histogramFloat);
  }
}

function betweenHistograms(op: ElementOp, lhs: Histogram, rhs: Histogram, entry: Operation): void {
  copyHistogram(lhs, entry.histogram);
  switch (op) {
    case "+":
      combine(addTo(entry.histogram, rhs), entry);
      return;
    case "-":
      combine(subtractFrom(entry.histogram, rhs), entry);
      entry.histogram.resetHint = resetHints.gauge;
      return;
    case "==":
      entry.keep = equalHistograms(lhs, rhs);
      return;
    case "!=":
      entry.keep = !equalHistograms(lhs, rhs);
      return;
    default:
      fail(entry, operationNotes.histogramHistogram);
  }
}

function combine(flags: number, entry: Operation): void {
  if ((flags & combined.incompatible) !== 0) fail(entry, operationNotes.incompatible);
  else if ((flags & combined.resetCollision) !== 0) fail(entry, operationNotes.resetCollision);
  else if ((flags & combined.customMismatch) !== 0) entry.note = operationNotes.customMismatch;
  if (!entry.failed) compact(entry.histogram);
}

/** What a note of `op` says. */
export function operationAnnotation(op: BinaryOp, span: Span, note: number): Annotation {
  const operation = op === "+" ? "addition" : "subtraction";
  switch (note) {
    case operationNotes.resetCollision:
      return counterResetCollision(operation, span);
    case operationNotes.customMismatch:
      return mismatchedCustomBuckets(operation, span);
    case operationNotes.incompatible:
      return incompatibleBuckets(op, span);
    default:
      return incompatibleTypes(
        op,
        {
          lhs:
            note === operationNotes.floatFloat || note === operationNotes.floatHistogram
              ? "float"
              : "histogram",
          rhs:
            note === operationNotes.floatFloat || note === operationNotes.histogramFloat
              ? "float"
              : "histogram",
        },
        span,
      );
  }
}
