import { formatDuration } from "../../model/duration.ts";
import type { Matcher } from "../../model/matcher.ts";
import { quoteGo } from "../../model/quote.ts";
import { formatGeneral } from "../syntax/format-number.ts";
import { type BinaryNode, type CallNode, type PlanNode, valueTypeOf } from "./node.ts";
import { childrenOf } from "./rewrites/rewrite.ts";

/** A plan to be shown: what each operator does, and where it gets its input. */
export interface PlanExplanation {
  readonly name: string;
  readonly children: readonly PlanExplanation[];
}

/** The plan as Thanos shows plans. */
export function explainPlan(node: PlanNode): PlanExplanation {
  return {
    name: operatorName(node),
    children: childrenOf(node)
      .filter(({ kind }) => kind !== "string")
      .map(explainPlan),
  };
}

/** What an operator is called, in Thanos's words. */
export function operatorName(node: PlanNode): string {
  switch (node.kind) {
    case "number":
      return `[numberLiteral] ${formatGeneral(node.value)}`;
    case "string":
      return `[stringLiteral] ${quoteGo(node.value)}`;
    case "selector":
      return `[vectorSelector] ${selectorText(node.matchers)}${placeText(node)}`;
    case "matrix":
      return `[matrixSelector] ${selectorText(node.selector.matchers)}[${formatDuration(node.rangeMs)}]${placeText(node.selector)}`;
    case "subquery":
      return `[subquery] [${formatDuration(node.rangeMs)}:${formatDuration(node.stepMs)}]${placeText(node)}`;
    case "invariant":
      return "[stepInvariant]";
    case "shared":
      return "[shared]";
    case "empty":
      return "[noop]";
    case "aggregate": {
      const grouping = `${node.without ? "without" : "by"} (${listText(node.grouping)})`;
      return `[${node.op === "topk" || node.op === "bottomk" ? "kaggregate" : "aggregate"}] ${node.op} ${grouping}`;
    }
    case "binary":
      return binaryName(node);
    case "negate":
      return "[unaryNegation]";
    case "call":
      return callName(node);
  }
}

function binaryName({ op, lhs, rhs, matching }: BinaryNode): string {
  if (matching === undefined) {
    const scalars = valueTypeOf(lhs) === "scalar" && valueTypeOf(rhs) === "scalar";
    return `[${scalars ? "scalarBinary" : "vectorScalarBinary"}] ${op}`;
  }
  const labels = `${matching.on ? "on" : "ignoring"}: ${listText(matching.labels)}`;
  return `[vectorBinary] ${op} - ${matching.card}, ${labels}, group: ${listText(matching.include)}`;
}

function callName({ func, args }: CallNode): string {
  return args.length === 0 ? "[noArgFunction]" : `[function] ${func}`;
}

function selectorText(matchers: readonly Matcher[]): string {
  return `{${listText(matchers.map(({ name, type, value }) => `${name}${type}${quoteGo(value)}`))}}`;
}

/** A list as Go prints it. */
function listText(items: readonly string[]): string {
  return `[${items.join(" ")}]`;
}

function placeText({
  atMs,
  offsetMs,
}: {
  readonly atMs: number | undefined;
  readonly offsetMs: number;
}): string {
  const at = atMs === undefined ? "" : ` @ ${(atMs / 1000).toFixed(3)}`;
  if (offsetMs === 0) return at;
  return `${at} offset ${offsetMs < 0 ? "-" : ""}${formatDuration(Math.abs(offsetMs))}`;
}
