import type { Label, Labels } from "../../model/labels.ts";
import { sortLabels } from "../../model/labels.ts";
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

/** Labels of the series that is said to be absent: the selector's equality matchers, where a label has just one. */
export function absentLabels(node: PlanNode): Labels {
  const selector = node.kind === "matrix" ? node.selector : node;
  if (selector.kind !== "selector" || selector.signed === true) return [];
  const values = new Map<string, string | undefined>();
  for (const { name, type, value } of selector.matchers) {
    if (name === "__name__") continue;
    values.set(name, type === "=" && !values.has(name) ? value : undefined);
  }
  const labels: Label[] = [];
  for (const [name, value] of values) if (value !== undefined) labels.push({ name, value });
  return sortLabels(labels);
}
