import { suite } from "uvu";
import * as assert from "uvu/assert";
import { splitOverlaps } from "../../../src/federation/dedup/overlap-split.ts";

const test = suite("overlap split");

function split(text: string): string[] {
  const chunks = text.split(" ").filter((chunk) => chunk !== "");
  const bounds = chunks.map((chunk) => chunk.split("-").map(Number));
  const minMs = Float64Array.from([-1, ...bounds.map(([min]) => min ?? 0)]);
  const maxMs = Float64Array.from([-1, ...bounds.map(([, max]) => max ?? 0)]);
  const replicaOf = new Int32Array(chunks.length);
  const count = splitOverlaps(minMs, maxMs, { from: 1, to: 1 + chunks.length }, replicaOf);
  return Array.from({ length: count }, (_, replica) =>
    chunks.filter((_chunk, i) => replicaOf[i] === replica).join(" "),
  );
}

const vectors: readonly (readonly [string, readonly string[]])[] = [
  ["", []],
  ["0-20 21-100 110-300", ["0-20 21-100 110-300"]],
  ["0-20 0-30 21-50 31-60 100-160", ["0-20 21-50 100-160", "0-30 31-60"]],
  ["50-55 55-100", ["50-55", "55-100"]],
  [
    "0-20 0-30 1-15 2-36 16-200 21-50 31-60 100-160",
    ["0-20 21-50 100-160", "0-30 31-60", "1-15 16-200", "2-36"],
  ],
];

for (const [chunks, replicas] of vectors) {
  test(`${chunks === "" ? "no chunk" : chunks} is ${replicas.length} replicas`, () =>
    assert.equal(split(chunks), replicas));
}

test("more replicas than the scratch has room for", () => {
  const chunks = Array.from({ length: 40 }, (_, i) => `${i}-100`);
  assert.equal(split(chunks.join(" ")), chunks);
});

test.run();
