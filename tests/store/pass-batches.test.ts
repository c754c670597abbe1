import { suite } from "uvu";
import * as assert from "uvu/assert";
import { passBatches } from "../../src/store/pass-batches.ts";
import type { SeriesBatch } from "../../src/wire/series-batch.ts";
import { warningBatch } from "../../src/wire/warning-batch.ts";

const test = suite("passBatches");

/** A stream of warnings that notes how it ended. */
function createInner(texts: readonly string[], failure?: unknown) {
  const notes: string[] = [];
  async function* run(): AsyncGenerator<SeriesBatch, void, undefined> {
    notes.push("begun");
    try {
      for (const text of texts) yield warningBatch(text);
      if (failure !== undefined) throw failure;
      notes.push("whole");
    } finally {
      notes.push("ended");
    }
  }
  return { notes, open: run };
}

async function textsOf(batches: AsyncIterable<SeriesBatch>): Promise<string[]> {
  const texts: string[] = [];
  for await (const batch of batches) texts.push(...batch.warnings);
  return texts;
}

test("hands batches on, and tells once that they are over", async () => {
  const inner = createInner(["a", "b"]);
  let over = 0;
  const passed = passBatches(inner.open, { over: () => over++ });
  assert.equal(inner.notes, []);
  assert.equal(await textsOf(passed), ["a", "b"]);
  assert.equal(await passed.next(), { done: true, value: undefined });
  assert.equal(inner.notes, ["begun", "whole", "ended"]);
  assert.is(over, 1);
});

test("hands on what the step makes of a batch", async () => {
  const batch = ({ warnings }: SeriesBatch) => warningBatch(`${warnings[0]}!`);
  assert.equal(await textsOf(passBatches(createInner(["a", "b"]).open, { batch })), ["a!", "b!"]);
});

for (const step of ["before", "batch"] as const) {
  test(`what ${step} throws closes the stream and is thrown on`, async () => {
    const inner = createInner(["a", "b", "c"]);
    let calls = 0;
    const stop = (batch?: SeriesBatch): SeriesBatch => {
      if (++calls === 2) throw new Error("stop");
      return batch ?? warningBatch();
    };
    const passed = passBatches(inner.open, { [step]: stop });
    await passed.next();
    const error = await passed.next().catch((reason: unknown) => reason);
    assert.is((error as Error).message, "stop");
    assert.equal(inner.notes, ["begun", "ended"]);
    assert.equal(await passed.next(), { done: true, value: undefined });
  });
}

test("a failure ends the stream: replaced by a last batch, or thrown on", async () => {
  const failure = new Error("lost");
  const failed = (reason: unknown) => warningBatch((reason as Error).message);
  assert.equal(await textsOf(passBatches(createInner(["a"], failure).open, { failed })), ["a", "lost"]);
  const passed = passBatches(createInner([], failure).open, {});
  assert.is(await passed.next().catch((reason: unknown) => reason), failure);
  assert.equal(await passed.next(), { done: true, value: undefined });
});

test("a failure to open is a failure of the stream", async () => {
  const open = (): AsyncIterable<SeriesBatch> => {
    throw new Error("closed");
  };
  const failed = (reason: unknown) => warningBatch((reason as Error).message);
  assert.equal(await textsOf(passBatches(open, { failed })), ["closed"]);
});

test("closes the inner stream on return, but opens none for that", async () => {
  const inner = createInner(["a", "b"]);
  let over = 0;
  const passed = passBatches(inner.open, { over: () => over++ });
  await passed.next();
  await passed.return?.();
  assert.equal(inner.notes, ["begun", "ended"]);
  assert.is(over, 1);

  const unopened = createInner(["a"]);
  const left = passBatches(unopened.open, { over: () => over++ });
  await left.return?.();
  assert.equal(await left.next(), { done: true, value: undefined });
  assert.equal(unopened.notes, []);
  assert.is(over, 1);
});

test.run();
