import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createRun } from "../../../src/promql/exec/run.ts";
import { createStepCounts } from "../../../src/promql/exec/step-counts.ts";
import { createSampleStore, testContext } from "../../support/sample-source.ts";
import { everySeed } from "../../support/seeded-random.ts";

const test = suite("step counts");

test("agree with an array of counters, few or many, and count what they hold", async () => {
  await everySeed(50, (random) => {
    const steps = 1 + random.below(100);
    const run = createRun(
      testContext(),
      createSampleStore([]),
      {
        lookbackDeltaMs: 1,
        defaultSubqueryStepMs: 1,
        maxSamples: 1000,
        features: new Set(),
        delayedNameRemoval: false,
      },
      { lookbackMs: 1, text: "" },
    );
    const counts = createStepCounts(run, steps);
    const wants = new Float64Array(steps);
    for (let i = random.below(30); i > 0; i--) {
      const step = random.below(steps);
      counts.add(step);
      wants[step] = (wants[step] as number) + 1;
    }
    const values = new Float64Array(steps);
    const present = new Uint8Array(steps);
    const there = wants.filter((want) => want > 0).length;
    assert.is(counts.writeTo(values, present), there);
    assert.equal([...values], [...wants]);
    assert.equal(
      [...present],
      [...wants].map((want) => (want > 0 ? 1 : 0)),
    );
    const { peakSamples } = run.stats();
    assert.ok(
      peakSamples === there || peakSamples === steps,
      `${peakSamples} held of ${steps}, ${there} there`,
    );
  });
});

test.run();
