import { GatewayError } from "../../lib/errors.ts";
import type { PlanNode } from "../plan/node.ts";
import type { Operator, SamplesOperator, ScalarOperator } from "./operator.ts";
import type { Run } from "./run.ts";
import type { SharedVector } from "./shared.ts";
import type { Span } from "./span.ts";

/** Builds operators for plans. `sorted` asks that what holds its answer anyway gives it out in label order. */
export interface Compiler {
  readonly run: Run;
  /** Vectors that several operators read, by their key and steps. */
  readonly shared: Map<string, SharedVector>;
  vector(node: PlanNode, span: Span, sorted: boolean): Operator;
  scalar(node: PlanNode, span: Span): ScalarOperator;
  matrix(node: PlanNode, span: Span): SamplesOperator;
}

/** For parts of the language that are parsed and not run yet. */
export function notSupported(what: string): GatewayError {
  return new GatewayError("execution", `${what} is not supported yet`);
}
