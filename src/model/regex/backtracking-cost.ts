import type { RegexNode } from "./regex-node.ts";

const maxUnbounded = 3;
const maxOptional = 6;
const manyTimes = 8;

/** Ways through a text that a backtracking engine may try: some milliseconds. */
const maxWays = 1_000_000;

/**
 * Characters that a text may have to be given to a backtracking engine: each open repetition may end at any of them.
 * Zero for an expression that is not to be given to one at all.
 */
export function longestBacktracked(node: RegexNode): number {
  const count = countOf(node);
  if (!isLittle(count)) return 0;
  return count.unbounded === 0 ? Number.POSITIVE_INFINITY : Math.floor(maxWays ** (1 / count.unbounded));
}

function countOf(node: RegexNode): Readonly<Count> {
  const count = { unbounded: 0, optional: 0, nested: false };
  walk(node, count, 1);
  return count;
}

/** Few open repetitions, none of them around something that could itself be split in more than one way, and few optional parts. */
function isLittle({ nested, unbounded, optional }: Readonly<Count>): boolean {
  return !nested && unbounded <= maxUnbounded && optional <= maxOptional;
}

interface Count {
  unbounded: number;
  optional: number;
  nested: boolean;
}

function walk(node: RegexNode, count: Count, times: number): void {
  switch (node.kind) {
    case "concat":
      for (const item of node.items) walk(item, count, times);
      return;
    case "alternate":
      // Words without a choice of their own are told apart as they are read.
      if (!node.items.every(hasOneReading)) count.optional += times;
      for (const item of node.items) walk(item, count, times);
      return;
    case "group":
      walk(node.item, count, times);
      return;
    case "repeat":
      walkRepeat(node, count, times);
      return;
    default:
      return;
  }
}

function walkRepeat(node: RegexNode & { kind: "repeat" }, count: Count, times: number): void {
  if (node.max > manyTimes && node.max > node.min) {
    if (!hasOneReading(node.item)) count.nested = true;
    count.unbounded += times;
    return;
  }
  if (node.max > node.min) count.optional += times * (node.max - node.min);
  walk(node.item, count, times * Math.max(node.max, 1));
}

/** Whether a text can match this in one way only, and every match is as long as the others. */
function hasOneReading(node: RegexNode): boolean {
  switch (node.kind) {
    case "literal":
    case "chars":
      return true;
    case "assertion":
      return false;
    case "group":
      return hasOneReading(node.item);
    case "concat":
      return node.items.length > 0 && node.items.every(hasOneReading);
    case "repeat":
      return node.min > 0 && node.min === node.max && hasOneReading(node.item);
    default:
      return false;
  }
}
