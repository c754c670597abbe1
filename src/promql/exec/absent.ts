import type { Label, Labels } from "../../model/labels.ts";
import { sortLabels } from "../../model/labels.ts";
import type { Matcher } from "../../model/matcher.ts";
import { createMatcher } from "../../model/matches.ts";
import type { PlanNode } from "../plan/node.ts";
import { type Column, createColumn, type Operator } from "./operator.ts";
import { drain } from "./pull.ts";
import { fixedLabels } from "./series-labels.ts";

/** absent and absent_over_time: 1 at the steps where `input` has no series. */
export function createAbsent(input: Operator, labels: Labels, steps: number): Operator {
  let done = false;
  const out = createColumn(steps, fixedLabels(labels));
  const mark = (column: Column): void => {
    for (let k = 0; k < steps; k++) {
      if (column.present[k] === 1) out.present[k] = 1;
    }
  };
  const finish = (): Column | undefined => {
    for (let k = 0; k < steps; k++) {
      const missing = out.present[k] === 0 ? 1 : 0;
      out.present[k] = missing;
      out.values[k] = 1;
      out.count += missing;
    }
    return out.count === 0 ? undefined : out;
  };
  return {
    names: "none",
    ordered: true,
    repeats: false,
    next() {
      if (done) return undefined;
      done = true;
      const pending = drain(input, mark);
      return pending === undefined ? finish() : pending.then(finish);
    },
  };
}

/**
 * Labels of the series that is said to be absent: the selector's equality matchers. Any matcher after it takes a label off
 * again; one before it does not, unless it is a negative one that no value passes, too: upstream's storage puts those last.
 */
export function absentLabels(node: PlanNode): Labels {
  const selector = node.kind === "matrix" ? node.selector : node;
  if (selector.kind !== "selector" || selector.signed !== undefined) return [];
  const values = new Map<string, string>();
  const seen = new Set<string>();
  const { matchers } = selector;
  for (const { name, type, value } of [
    ...matchers.filter((matcher) => !subtracts(matcher)),
    ...matchers.filter(subtracts),
  ]) {
    if (name === "__name__") continue;
    if (type === "=" && !seen.has(name)) {
      values.set(name, value);
      seen.add(name);
    } else values.delete(name);
  }
  const labels: Label[] = [];
  for (const [name, value] of values) if (value !== "") labels.push({ name, value });
  return sortLabels(labels);
}

function subtracts(matcher: Matcher): boolean {
  return (matcher.type === "!=" || matcher.type === "!~") && createMatcher(matcher).matches("");
}
