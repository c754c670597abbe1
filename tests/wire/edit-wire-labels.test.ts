import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Labels, labelsOf } from "../../src/model/labels.ts";
import { createBatchBuilder } from "../../src/wire/batch-builder.ts";
import { hasLabelOf, withLabels, withoutLabels } from "../../src/wire/edit-wire-labels.ts";
import type { SeriesBatch } from "../../src/wire/series-batch.ts";
import { nameBytes } from "../../src/wire/string-cache.ts";
import { decodeLabels, encodeLabels } from "../../src/wire/wire-labels.ts";
import { everyCase } from "../support/every-case.ts";

const edit = suite("edits of label regions");

const names = ["a", "aa", "b"];

/** Every set over the names, each absent or with `value`. */
function everySet(value: string): Labels[] {
  const sets: Labels[] = [];
  for (const pick of everyCase()) {
    sets.push(labelsOf(Object.fromEntries(names.map((name) => [name, pick(2) === 1 ? value : ""]))));
  }
  return sets;
}

edit("leave out the named labels and no others", () => {
  for (const set of everySet("x")) {
    for (const left of everySet("y")) {
      const region = encodeLabels(set);
      const gone = left.map(({ name }) => name);
      const out = withoutLabels(region, 0, region.length, gone.map(nameBytes));
      const kept = set.filter(({ name }) => !gone.includes(name));
      assert.equal(out, encodeLabels(kept));
      assert.is(hasLabelOf(region, 0, region.length, gone.map(nameBytes)), kept.length < set.length);
    }
  }
});

edit("put labels in by name, in place of those of the same name", () => {
  for (const set of everySet("x")) {
    for (const added of everySet("external ☃")) {
      const region = encodeLabels(set);
      const out = withLabels(region, 0, region.length, encodeLabels(added));
      const expected = labelsOf(
        Object.fromEntries([...set, ...added].map(({ name, value }) => [name, value] as const)),
      );
      assert.equal(decodeLabels(out, 0, out.length), expected);
    }
  }
});

edit("go straight into a batch", () => {
  const builder = createBatchBuilder();
  const region = encodeLabels(labelsOf({ a: "1", replica: "r0", z: "2" }));
  for (let i = 0; i < 500; i++) {
    builder.appendRowWithout(region, 0, region.length, [nameBytes("replica")]);
    builder.appendRowWith(region, 0, region.length, encodeLabels(labelsOf({ cluster: "eu", replica: "x" })));
  }
  const batch = builder.take();
  assert.is(batch.count, 1000);
  for (let row = 0; row < 1000; row += 2) {
    assert.equal(labelsAt(batch, row), labelsOf({ a: "1", z: "2" }));
    assert.equal(labelsAt(batch, row + 1), labelsOf({ a: "1", cluster: "eu", replica: "x", z: "2" }));
  }
});

function labelsAt(batch: SeriesBatch, row: number): Labels {
  const buffer = batch.buffers[batch.labelBuffer[row] as number] as Uint8Array;
  return decodeLabels(buffer, batch.labelStart[row] as number, batch.labelEnd[row] as number);
}

edit.run();
