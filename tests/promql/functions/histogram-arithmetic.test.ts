import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Histogram, resetHints } from "../../../src/model/histogram/histogram.ts";
import {
  createOperation,
  type ElementOp,
  operate,
  operationAnnotation,
} from "../../../src/promql/functions/histogram-arithmetic.ts";
import { histogramOf, toPlain } from "../../support/histograms.ts";

const test = suite("operators of histograms");

const span = { start: 0, end: 0 };
const one = () => histogramOf({ positive: { 1: 1, 2: 3 }, sum: 4, hint: resetHints.reset });
const two = () => histogramOf({ positive: { 1: 1, 2: 1 }, sum: 2, hint: resetHints.unknown });
const late = () => histogramOf({ positive: { 1: 1 }, sum: 1, hint: resetHints.notReset });
const custom = () => histogramOf({ customValues: [1, 2], positive: { 0: 1, 1: 3 }, sum: 4 });
const otherBounds = () => histogramOf({ customValues: [2], positive: { 0: 1 }, sum: 1 });

type Side = Histogram | number;

/** What comes out, in words: how it fails, or the value and what is said of it. */
function outcome(lhs: Side, op: ElementOp, rhs: Side): string {
  const entry = createOperation();
  entry.lhs = typeof lhs === "number" ? undefined : lhs;
  entry.rhs = typeof rhs === "number" ? undefined : rhs;
  entry.left = typeof lhs === "number" ? lhs : Number.NaN;
  entry.right = typeof rhs === "number" ? rhs : Number.NaN;
  // What an entry leaves must not reach the next.
  entry.failed = true;
  entry.keep = true;
  entry.note = 77;
  operate(op, entry);
  const said = entry.note === 0 ? "" : operationAnnotation(op, span, entry.note).text;
  if (entry.failed) return `fails: ${said}`;
  if (op === "==" || op === "!=") return entry.keep ? "holds" : "does not hold";
  const { count, sum, positive, buckets } = toPlain(entry.histogram);
  const shown = positive.map((index, i) => `${index}=${buckets[i]}`).join(" ");
  return `${count} ${sum} [${shown}]${said === "" ? "" : ` and ${said}`}`;
}

const ops: readonly ElementOp[] = [
  ..."+ - * / % ^ atan2 == != > < >= <= </ >/".split(" "),
] as readonly ElementOp[]; // All of them.

const answered: readonly [string, () => Side, ElementOp, () => Side, string][] = [
  ["a sum", one, "+", two, "6 6 [1=2 2=4]"],
  ["a difference", one, "-", two, "2 2 [2=2]"],
  ["a multiple", one, "*", () => 2, "8 8 [1=2 2=6]"],
  ["a multiple from the left", () => 2, "*", one, "8 8 [1=2 2=6]"],
  ["nothing times", one, "*", () => 0, "0 0 []"],
  ["a part", one, "/", () => 2, "2 2 [1=0.5 2=1.5]"],
  ["a part of zero", one, "/", () => 0, "+Inf +Inf []"],
  ["equality with itself", one, "==", one, "holds"],
  ["equality with another", one, "==", two, "does not hold"],
  ["inequality with another", one, "!=", two, "holds"],
  ["equality of other kinds", one, "==", custom, "does not hold"],
  ["what is below", custom, "</", () => 1, "1 0.5 [0=1]"],
  ["what is above", custom, ">/", () => 1, "3 4.5 [1=3]"],
  ["resets that disagree", one, "+", late, "fails: conflicting counter resets during histogram addition"],
  [
    "resets that disagree, taken away",
    one,
    "-",
    late,
    "fails: conflicting counter resets during histogram subtraction",
  ],
  [
    "other bounds",
    custom,
    "+",
    otherBounds,
    "5 5 [0=5] and mismatched custom buckets were reconciled during addition",
  ],
  [
    "other bounds, taken away",
    custom,
    "-",
    otherBounds,
    "3 3 [0=3] and mismatched custom buckets were reconciled during subtraction",
  ],
  [
    "other kinds of buckets",
    one,
    "+",
    custom,
    "fails: incompatible bucket layout encountered for binary operator +",
  ],
  [
    "other kinds of buckets, taken away",
    custom,
    "-",
    one,
    "fails: incompatible bucket layout encountered for binary operator -",
  ],
];

for (const [name, lhs, op, rhs, want] of answered) {
  test(`${name}: ${op}`, () => assert.is(outcome(lhs(), op, rhs()), want));
}

test("whatever else meets a histogram has no answer, and says of what types it was", () => {
  const sides = { float: () => 3, histogram: one };
  const known = new Set([
    "histogram + histogram",
    "histogram - histogram",
    "histogram == histogram",
    "histogram != histogram",
    "histogram * float",
    "float * histogram",
    "histogram / float",
    "histogram </ float",
    "histogram >/ float",
  ]);
  let failed = 0;
  for (const op of ops) {
    for (const [left, lhs] of Object.entries(sides)) {
      for (const [right, rhs] of Object.entries(sides)) {
        const words = `${left} ${op} ${right}`;
        const isTrim = op === "</" || op === ">/";
        // Floats among themselves do not come here but for trim operators.
        if (known.has(words) || (left === "float" && right === "float" && !isTrim)) continue;
        const text = `incompatible sample types encountered for binary operator "${op}": ${words}`;
        assert.is(outcome(lhs(), op, rhs()), `fails: ${text}`);
        failed++;
      }
    }
  }
  assert.is(failed, 15 * 3 + 2 - known.size);
});

test("operands stay as they are", () => {
  const histograms = [one(), two(), custom(), otherBounds()];
  const before = histograms.map(toPlain);
  for (const op of ops) {
    for (const lhs of histograms) for (const rhs of [...histograms, 2]) outcome(lhs, op, rhs);
    for (const rhs of histograms) outcome(2, op, rhs);
  }
  assert.equal(histograms.map(toPlain), before);
});

test("a difference is a gauge", () => {
  const entry = createOperation();
  entry.lhs = one();
  entry.rhs = two();
  operate("-", entry);
  assert.is(entry.histogram.resetHint, resetHints.gauge);
});

test.run();
