import type { RegexNode } from "./regex-node.ts";

const maxUnbounded = 3;
const maxOptional = 6;
const manyTimes = 8;

/**
 * Whether a backtracking engine stays quick on this expression, whatever the text: few open repetitions, none of them
 * around something that could itself be split in more than one way, and few optional parts.
 */
export function backtracksLittle(node: RegexNode): boolean {
  const count = { unbounded: 0, optional: 0, nested: false };
  walk(node, count, 1);
  return !count.nested && count.unbounded <= maxUnbounded && count.optional <= maxOptional;
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
