import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type CompareOptions, compareAnswer, type RecordedLine } from "./compare-answer.ts";

const test = suite("compare-answer");
const options: CompareOptions = { headers: ["content-type", "cache-control"], annotations: false };
const headers = { "content-type": "application/json", vary: "Accept-Encoding" };

function vector(...samples: readonly (readonly [string, string])[]): string {
  const result = samples.map(([name, value]) => ({ metric: { a: name }, value: [1, value] }));
  return JSON.stringify({ status: "success", data: { resultType: "vector", result, analysis: {} } });
}

function check(want: string, got: string, line: Partial<RecordedLine> = {}): string | undefined {
  const recorded = { id: "instant-1", method: "GET", path: "/", params: [], status: 200, headers };
  return compareAnswer({ ...recorded, body: want, ...line }, { status: 200, headers, body: got }, options);
}

test("equal answers are equal, instant vectors in any order", () => {
  assert.is(check(vector(["x", "1"], ["y", "2"]), vector(["y", "2"], ["x", "1"])), undefined);
});

test("a sorted query's order counts", () => {
  const params = [["query", "sort(up)"]] as const;
  assert.ok(check(vector(["x", "1"], ["y", "2"]), vector(["y", "2"], ["x", "1"]), { params }));
});

test("values may differ by 1e-9 of themselves, raw samples not at all", () => {
  assert.is(check(vector(["x", "1"]), vector(["x", "1.0000000005"])), undefined);
  assert.ok(check(vector(["x", "1"]), vector(["x", "1.000000002"])));
  assert.ok(check(vector(["x", "1"]), vector(["x", "1.0000000005"]), { id: "raw-1" }));
  assert.ok(check(vector(["x", "1"]), vector(["x", "1"]).replace("[1,", "[1.001,")));
  assert.ok(check(vector(["x", "NaN"]), vector(["x", "1"])));
  assert.ok(check(vector(["x", "+Inf"]), vector(["x", "-Inf"])));
});

test("numbers of histograms may differ as values may, their boundaries not", () => {
  const answer = (count: string, upper: string, boundaries = 0) => {
    const histogram = { count, sum: "2", buckets: [[boundaries, "0.5", upper, count]] };
    const result = [
      { metric: {}, histogram: [1, histogram] },
      { metric: { a: "x" }, histograms: [[1, histogram]] },
    ];
    return JSON.stringify({ status: "success", data: { resultType: "vector", result } });
  };
  assert.is(check(answer("3", "1"), answer("3.0000000005", "1.0000000005")), undefined);
  assert.ok(check(answer("3", "1"), answer("3.00000001", "1")));
  assert.ok(check(answer("3", "1"), answer("3", "1.00000001")));
  assert.ok(check(answer("3", "1"), answer("3", "1", 3)));
});

test("labels, missing and extra samples, statuses and headers count", () => {
  assert.ok(check(vector(["x", "1"]), vector(["z", "1"])));
  assert.ok(check(vector(["1", "1"]), vector(["1.0", "1"])));
  assert.ok(check(vector(["x", "1"], ["y", "1"]), vector(["x", "1"])));
  assert.ok(check(vector(["x", "1"]), vector(["x", "1"], ["y", "1"])));
  assert.ok(check(vector(), vector(), { status: 422 }));
  assert.ok(check(vector(), vector(), { headers: { ...headers, "cache-control": "no-store" } }));
  assert.ok(check(vector(), vector(), { headers: { ...headers, vary: "Accept-Encoding, Origin" } }));
});

test("warnings are sets and annotations are left out", () => {
  const body = (...warnings: readonly string[]) => JSON.stringify({ status: "success", data: [], warnings });
  assert.is(check(body("a", "b"), body("b", "a", "a")), undefined);
  assert.ok(check(body("a", "b"), body("a")));
  assert.is(check(body("PromQL warning: x"), JSON.stringify({ status: "success", data: [] })), undefined);
});

test("an analysis counts only where one was recorded", () => {
  const bare = JSON.stringify({ status: "success", data: { resultType: "vector", result: [] } });
  assert.is(check(bare, vector()), undefined);
  assert.ok(check(vector(), bare));
});

test.run();
