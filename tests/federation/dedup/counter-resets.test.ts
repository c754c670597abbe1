import { suite } from "uvu";
import * as assert from "uvu/assert";
import { applyCounterResets, createCounterState } from "../../../src/federation/dedup/counter-resets.ts";
import { SampleBuffer } from "../../../src/wire/sample-buffer.ts";

const test = suite("counter resets");

const stale = Number.NaN;

function totals(chunks: readonly (readonly (readonly [number, number])[])[]): [number, number][] {
  const samples = new SampleBuffer(1);
  const state = createCounterState();
  for (const chunk of chunks) {
    const from = samples.length;
    for (const [t, v] of chunk) {
      samples.ensure(1);
      samples.times[samples.length] = t;
      samples.values[samples.length++] = v;
    }
    applyCounterResets(samples, from, state);
  }
  return Array.from({ length: samples.length }, (_, i) => [samples.times[i] ?? 0, samples.values[i] ?? 0]);
}

test("resets, last raw values, overlaps and staleness markers are met as Thanos's vector has them", () => {
  assert.equal(
    totals([
      [
        [100, 10],
        [200, 20],
        [300, 10],
        [400, 20],
        [400, 5],
      ],
      [
        [500, 10],
        [600, 20],
        [700, 30],
        [800, 40],
        [800, 10],
      ],
      [
        [900, 5],
        [1000, 10],
        [1100, 15],
      ],
      [
        [1200, 20],
        [1250, stale],
        [1300, 40],
      ],
      [
        [1400, 30],
        [1500, 30],
        [1600, 50],
      ],
    ]),
    [
      [100, 10],
      [200, 20],
      [300, 30],
      [400, 40],
      [500, 45],
      [600, 55],
      [700, 65],
      [800, 75],
      [900, 80],
      [1000, 85],
      [1100, 90],
      [1200, 95],
      [1300, 115],
      [1400, 145],
      [1500, 145],
      [1600, 165],
    ],
  );
});

test("a chunk that goes back in time adds only what comes after", () => {
  assert.equal(
    totals([
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
      [
        [2, 2],
        [3, 3],
        [4, 4],
      ],
    ]),
    [
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ],
  );
});

test("a series of staleness markers only has no samples", () => {
  assert.equal(totals([[[1, stale]], [[2, stale]]]), []);
});

test.run();
