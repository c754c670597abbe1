import { suite } from "uvu";
import * as assert from "uvu/assert";
import { forcedMonotonicity, startTimeOverlap } from "../../src/promql/annotation-texts.ts";
import { type Annotation, createAnnotations } from "../../src/promql/annotations.ts";
import { everyCase } from "../support/every-case.ts";

const test = suite("annotations");

function warning(text: string, start = 0, end = start): Annotation {
  return { level: "warning", text, span: { start, end } };
}

function textsOf(query: string, ...added: readonly Annotation[]): readonly (readonly string[])[] {
  const annotations = createAnnotations(query);
  for (const annotation of added) annotations.add(annotation);
  const { warnings, infos } = annotations.texts();
  return [warnings, infos];
}

test("no annotations are no texts", () => {
  assert.equal(textsOf("up"), [[], []]);
});

test("warnings and infos are apart, with their places by line and byte", () => {
  const query = 'sum("é",\n  up)';
  const info: Annotation = { level: "info", text: "b", span: { start: 12, end: 14 } };
  assert.equal(textsOf(query, warning("a", 8), info, warning("c", 0)), [
    ["PromQL warning: a (1:9)", "PromQL warning: c (1:1)"],
    ["PromQL info: b (2:3)"],
  ]);
});

test("the same text counts once, a warning and an info of it twice", () => {
  const info: Annotation = { ...warning("a"), level: "info" };
  assert.equal(textsOf("up", warning("a"), warning("a"), info, warning("a")), [
    ["PromQL warning: a (1:1)"],
    ["PromQL info: a (1:1)"],
  ]);
});

test("of two places the one that is evaluated last is told, whichever came first", () => {
  // left, right, parent: children before parents, left before right.
  const [left, right, parent] = [warning("a", 1, 3), warning("a", 5, 8), warning("a", 0, 8)];
  for (const pick of everyCase()) {
    const rest = [left, right, parent];
    const order = [3, 2, 1].flatMap((count) => rest.splice(pick(count), 1));
    assert.equal(textsOf("1234567890", ...order), [["PromQL warning: a (1:1)"], []]);
    const pair = order.filter((annotation) => annotation !== parent);
    assert.equal(textsOf("1234567890", ...pair), [["PromQL warning: a (1:6)"], []]);
  }
});

test("ten of a level are told, and how many more there are", () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => warning(`${i}`));
  assert.is(textsOf("up", ...many(10))[0]?.length, 10);
  const infos = many(3).map((annotation): Annotation => ({ ...annotation, level: "info" }));
  const [warnings = [], told] = textsOf("up", ...many(13), ...infos, warning("12"));
  assert.is(warnings.length, 11);
  assert.is(warnings[9], "PromQL warning: 9 (1:1)");
  assert.is(warnings[10], "3 more warning annotations omitted");
  assert.is(told?.length, 3);
  const more = Array.from({ length: 11 }, (_, i): Annotation => ({ ...warning(`${i}`), level: "info" }));
  assert.is(textsOf("up", ...more)[1]?.[10], "1 more info annotations omitted");
});

test("figures of the same text are gathered, and stay where they came up first", () => {
  const mended = { minBucket: 5, maxBucket: 50, maxDiff: 5.5, samples: 1 };
  const at = (timeMs: number, more: Partial<typeof mended> = {}) =>
    forcedMonotonicity(
      "m",
      { ...mended, minTimeMs: timeMs, maxTimeMs: timeMs, ...more },
      { start: 3, end: 8 },
    );
  const [, infos] = textsOf(
    "lorem ipsum dolor sit amet",
    at(1735084800000),
    at(1703462400000, { minBucket: 10, maxBucket: 100, maxDiff: 10 }),
    at(1733011200999, { minBucket: 2.5, maxBucket: 75, maxDiff: 7.5, samples: 2 }),
  );
  assert.equal(infos, [
    'PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name "m", from buckets 2.5 to 100, with a max diff of 10, over 4 samples from 2023-12-25T00:00:00Z to 2024-12-25T00:00:00Z (1:4)',
  ]);
});

test("occurrences are counted for each text of its own", () => {
  const span = { start: 5, end: 10 };
  const overlap = (name: string) => startTimeOverlap(name, 1, span);
  assert.equal(textsOf("test query", overlap("a"), overlap("b"), startTimeOverlap("a", 2, span))[0], [
    'PromQL warning: sample has start time that overlaps with previous sample timestamp for metric "a" (3 occurrences) (1:6)',
    'PromQL warning: sample has start time that overlaps with previous sample timestamp for metric "b" (1:6)',
  ]);
});

test("texts of no query have no place", () => {
  assert.equal(textsOf("", warning("a", 3)), [["PromQL warning: a"], []]);
});

test.run();
