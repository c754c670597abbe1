import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createLoserTree } from "../../src/lib/loser-tree.ts";
import { everyCase } from "../support/every-case.ts";
import { everySeed } from "../support/seeded-random.ts";

const test = suite("loser tree");

/** Merges sorted lists with the tree; items carry their source, so that ties show. */
function merged(lists: readonly (readonly number[])[]): string[] {
  const at = lists.map(() => 0);
  const key = (source: number) => lists[source]?.[at[source] ?? 0] ?? Number.POSITIVE_INFINITY;
  const compare = (a: number, b: number) => (key(a) === key(b) ? 0 : key(a) - key(b));
  const tree = createLoserTree(lists.length, compare);
  const out: string[] = [];
  while (lists.length > 0 && key(tree.winner()) !== Number.POSITIVE_INFINITY) {
    const source = tree.winner();
    out.push(`${key(source)}/${source}`);
    at[source] = (at[source] ?? 0) + 1;
    tree.replay();
  }
  return out;
}

function expected(lists: readonly (readonly number[])[]): string[] {
  return lists
    .flatMap((list, source) => list.map((key) => ({ key, source })))
    .sort((a, b) => a.key - b.key || a.source - b.source)
    .map(({ key, source }) => `${key}/${source}`);
}

test("agrees with a stable sort for every choice of keys in up to four lists", () => {
  for (const pick of everyCase()) {
    const lists = Array.from({ length: pick(5) }, () => [1, 2, 3].filter(() => pick(2) === 1));
    assert.equal(merged(lists), expected(lists));
  }
});

test("agrees with a stable sort for random lists of many sizes", async () => {
  await everySeed(200, (random) => {
    const lists = Array.from({ length: random.below(20) }, () =>
      Array.from({ length: random.below(30) }, () => random.below(50)).sort((a, b) => a - b),
    );
    assert.equal(merged(lists), expected(lists));
  });
});

test("finds the winner anew after a rebuild, whichever keys have changed", () => {
  const keys = [5, 3, 4];
  const tree = createLoserTree(3, (a, b) => (keys[a] ?? 0) - (keys[b] ?? 0));
  assert.is(tree.winner(), 1);
  keys[2] = 1;
  tree.rebuild();
  assert.is(tree.winner(), 2);
});

test.run();
