import type { PlanNode } from "../../src/promql/plan/node.ts";
import type { Projection } from "../../src/store/samples.ts";

/** A plan as text: `once(…)` is what is evaluated once, `shared(…)` what several places read, times are in ms, the word before a selector is its function. */
export function printPlan(node: PlanNode): string {
  const placed = (at: number | undefined, offset: number) =>
    `${at === undefined ? "" : `@${at}`}${offset === 0 ? "" : `-${offset}`}`;
  switch (node.kind) {
    case "number":
      return String(node.value);
    case "string":
      return JSON.stringify(node.value);
    case "selector": {
      const names = node.matchers.filter(({ name }) => name === "__name__").map(({ value }) => value);
      const others = node.matchers.filter(({ name }) => name !== "__name__");
      const all = [...names, ...others.map(({ name, type, value }) => `${name}${type}${value}`)];
      return `${node.func}:${all.join()}${placed(node.atMs, node.offsetMs)}${projected(node.projection)}`;
    }
    case "matrix":
      return `${printPlan(node.selector)}[${node.rangeMs}]`;
    case "subquery":
      return `(${printPlan(node.expr)})[${node.rangeMs}:${node.stepMs}]${node.trimmed ? "trimmed" : ""}${placed(node.atMs, node.offsetMs)}`;
    case "invariant":
      return `once(${printPlan(node.expr)})`;
    case "shared":
      return `shared(${printPlan(node.expr)})`;
    case "empty":
      return "nothing";
    case "aggregate":
      return `${node.op}(${[node.param, node.expr].flatMap((part) => (part === undefined ? [] : [printPlan(part)])).join(", ")})`;
    case "binary":
      return `(${printPlan(node.lhs)} ${node.op} ${printPlan(node.rhs)})`;
    case "negate":
      return `-${printPlan(node.expr)}`;
    case "call":
      return `${node.func}(${node.args.map(printPlan).join(", ")})`;
  }
}

function projected(projection: Projection | undefined): string {
  if (projection === undefined) return "";
  return projection.include ? `{${projection.labels.join()}}` : `{all but ${projection.labels.join()}}`;
}
