import { suite } from "uvu";
import * as assert from "uvu/assert";
import { linkAbort } from "../../src/lib/linked-abort.ts";

const test = suite("linked abort");

test("follows its parent with the parent's reason", () => {
  const parent = new AbortController();
  const { signal } = linkAbort(parent.signal);
  assert.not(signal.aborted);
  parent.abort("the parent's");
  assert.ok(signal.aborted);
  assert.is(signal.reason, "the parent's");
});

test("is aborted from the start where its parent is", () => {
  const { signal } = linkAbort(AbortSignal.abort("before"));
  assert.is(signal.reason, "before");
});

test("aborts alone, and does not hear of its parent after that", () => {
  const parent = new AbortController();
  const link = linkAbort(parent.signal);
  let heard = 0;
  link.signal.addEventListener("abort", () => heard++);
  link.abort("its own");
  parent.abort("late");
  assert.is(link.signal.reason, "its own");
  assert.is(heard, 1);
});

test.run();
