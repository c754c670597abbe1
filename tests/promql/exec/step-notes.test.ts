import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createStepNotes } from "../../../src/promql/exec/step-notes.ts";
import { createTestRun } from "../../support/test-run.ts";

const test = suite("step notes");

function tellingNotes(steps: number) {
  const run = createTestRun();
  const notes = createStepNotes(run, steps, (note) => ({
    level: "info",
    text: `note ${note}`,
    span: { start: 0, end: 0 },
  }));
  return { ...notes, told: () => run.annotations().infos };
}

test("the last word of a step counts", () => {
  const notes = tellingNotes(3);
  notes.add(0, 1);
  notes.add(0, 2);
  notes.add(2, 3);
  notes.add(1, 1);
  notes.add(1, 3);
  assert.equal(notes.told(), []);
  notes.tell();
  assert.equal(notes.told(), ["PromQL info: note 2", "PromQL info: note 3"]);
});

test("nothing is told of nothing, and nothing twice", () => {
  const notes = tellingNotes(2);
  notes.tell();
  assert.equal(notes.told(), []);
  notes.add(1, 4);
  notes.tell();
  notes.tell();
  assert.equal(notes.told(), ["PromQL info: note 4"]);
});

test.run();
