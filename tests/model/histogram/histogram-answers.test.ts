import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { answerOf, type HistogramCase } from "../../support/histogram-operations.ts";

const test = suite("upstream's answers");

interface RecordedCase extends HistogramCase {
  readonly want: unknown;
}

const file = new URL("../fixtures/histogram-answers.jsonl.gz", import.meta.url);
const cases = gunzipSync(readFileSync(file))
  .toString()
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as RecordedCase);

const byOperation = Map.groupBy(cases, ({ op }) => op);

test("there are answers to every operation", () => {
  assert.is(cases.length, 1193);
  assert.is(byOperation.size, 18);
});

for (const [op, group] of byOperation) {
  test(`${op} gives what Prometheus gives, ${group.length} times`, () => {
    for (const recorded of group) {
      const answer = withoutMinusZero(answerOf(recorded));
      // The hint of a compensation is nobody's: it never shows.
      if (op.startsWith("kahan")) dropHints(answer, recorded.want);
      assert.equal(answer, withoutMinusZero(recorded.want), JSON.stringify(recorded));
    }
  });
}

/** A count of −0 is one of 0: nothing tells them apart but the record. */
function withoutMinusZero(value: unknown): unknown {
  if (value === "-0") return 0;
  if (Array.isArray(value)) return value.map(withoutMinusZero);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withoutMinusZero(part)]));
}

function dropHints(answer: unknown, want: unknown): void {
  const parts = [answer, want].map((list) => (list as unknown[]).filter((part) => typeof part === "object"));
  const compensation = parts.map((list) => list[1] as { hint?: number } | null | undefined);
  for (const part of compensation) if (part) part.hint = 0;
}

test.run();
