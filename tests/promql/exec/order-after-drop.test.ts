import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compareLabels, labelsOf } from "../../../src/model/labels.ts";
import { createEngine } from "../../../src/promql/exec/create-engine.ts";
import { createSampleStore, testContext } from "../../support/sample-source.ts";

const test = suite("order after the name is dropped");

const engine = createEngine({
  lookbackDeltaMs: 60_000,
  defaultSubqueryStepMs: 60_000,
  maxSamples: 10_000,
  features: new Set(),
  delayedNameRemoval: false,
});

/** Names around `__name__`: two before it, two after. */
const names = ["A", "Z", "a", "b"];

test("sets of series over labels around the name comes out in label order", async () => {
  const sets = Array.from({ length: 16 }, (_, bits) =>
    labelsOf(
      Object.fromEntries([
        ["__name__", "x"],
        ...names.filter((_, i) => (bits >> i) & 1).map((name) => [name, "1"]),
      ]),
    ),
  );
  for (let chosen = 0; chosen < 1 << 16; chosen += 31) {
    const series = sets
      .filter((_, i) => (chosen >> i) & 1)
      .map((labels) => ({ labels, timesMs: Float64Array.of(0, 1000), values: Float64Array.of(1, 2) }));
    const result = engine
      .prepare("x * 2")
      .range(testContext(), createSampleStore(series, { later: chosen % 2 === 1 }), {
        startMs: 1000,
        endMs: 1000,
        stepMs: 1000,
      });
    assert.is(result.ordered, true);
    const got = [];
    for (let column = await result.next(); column !== undefined; column = await result.next()) {
      got.push(column.labels.all());
    }
    await result.close();
    assert.is(got.length, series.length);
    for (let i = 1; i < got.length; i++) {
      assert.ok(compareLabels(got[i - 1] ?? [], got[i] ?? []) < 0, JSON.stringify(got));
    }
  }
});

test.run();
