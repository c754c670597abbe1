import { GatewayError } from "../../lib/errors.ts";
import type { Selectable } from "../../store/samples.ts";
import type { QueryContext } from "../../store/store.ts";
import type {
  Engine,
  EngineOptions,
  InstantTime,
  PreparedQuery,
  QueryResult,
  RunOptions,
} from "../engine.ts";
import { buildPlan, type PlanTimes } from "../plan/build-plan.ts";
import { explainPlan } from "../plan/explain.ts";
import { type PlanNode, valueTypeOf } from "../plan/node.ts";
import { rewritePlan } from "../plan/rewrites/rewrites.ts";
import type { Expr, ValueType } from "../syntax/ast.ts";
import { type ParserOptions, parseExpr } from "../syntax/parse.ts";
import { createOperatorRecord } from "./analysis.ts";
import { createQueryResult } from "./query-result.ts";
import { createRun } from "./run.ts";

/** The PromQL engine. It reads whatever `Selectable` a query hands it, and does no I/O of its own. */
export function createEngine(options: EngineOptions): Engine {
  return { prepare: (text) => prepareExpr(parseExpr(text, parserOptions(options)), options, text) };
}

/** What the parser lets through under upstream's feature flags. */
function parserOptions({ features, xFunctions = false }: EngineOptions): ParserOptions {
  return {
    experimentalFunctions: features.has("promql-experimental-functions"),
    extendedRangeSelectors: features.has("promql-extended-range-selectors"),
    binopFillModifiers: features.has("promql-binop-fill-modifiers"),
    durationExpr: true,
    xFunctions,
  };
}

/** A parsed and checked expression, ready to run. Annotations tell no positions without the text it was parsed from. */
export function prepareExpr(expr: Expr, options: EngineOptions, text = ""): PreparedQuery {
  const type = typeOf(expr);
  const defaultSubqueryStepMs = options.defaultSubqueryStepMs;
  return {
    expr,
    type,
    explain(source, times) {
      if ("timeMs" in times) return explainPlan(planOf(source, instantTimes(times)));
      refuseInRange();
      return explainPlan(planOf(source, { ...times, defaultSubqueryStepMs }));
    },
    instant(ctx, source, at) {
      const grid = { startMs: at.timeMs, stepMs: 1, count: 1 };
      const plan = planOf(source, instantTimes(at));
      return start(ctx, source, at, (run) =>
        createQueryResult(run, plan, {
          type,
          span: { grid, endMs: at.timeMs, hint: { minMs: at.timeMs, maxMs: at.timeMs }, hintStepMs: 0 },
          range: false,
        }),
      );
    },
    range(ctx, source, over) {
      refuseInRange();
      const { startMs, endMs, stepMs } = over;
      const count = endMs < startMs ? 0 : Math.floor((endMs - startMs) / stepMs) + 1;
      const plan = planOf(source, { startMs, endMs, stepMs, defaultSubqueryStepMs });
      return start(ctx, source, over, (run) =>
        createQueryResult(run, plan, {
          type: "matrix",
          span: {
            grid: { startMs, stepMs, count },
            endMs,
            hint: { minMs: startMs, maxMs: endMs },
            hintStepMs: stepMs,
          },
          range: true,
        }),
      );
    },
  };

  function instantTimes({ timeMs }: InstantTime): PlanTimes {
    return { startMs: timeMs, endMs: timeMs, stepMs: 0, defaultSubqueryStepMs };
  }

  function refuseInRange(): void {
    if (type !== "string" && type !== "matrix") return;
    const word = type === "matrix" ? "range vector" : "string";
    throw new GatewayError(
      "bad_data",
      `invalid expression type "${word}" for range query, must be Scalar or instant Vector`,
    );
  }

  function planOf({ replicaLabels }: Selectable, times: PlanTimes): PlanNode {
    return rewritePlan(buildPlan(expr, times), { replicaLabels }, options.disabledRewrites);
  }

  function start(
    ctx: QueryContext,
    source: Selectable,
    how: RunOptions,
    create: (run: ReturnType<typeof createRun>) => QueryResult,
  ): QueryResult {
    const run = createRun(ctx, source, options, {
      lookbackMs: how.lookbackDeltaMs ?? options.lookbackDeltaMs,
      text,
      record: how.analyze === true ? createOperatorRecord({ kind: "empty", span: expr.span }) : undefined,
    });
    try {
      return create(run);
    } catch (error) {
      void run.close(); // Nothing is open yet: this gives back what was counted.
      throw error;
    }
  }
}

/** The type of an expression; a plan for no time at all tells it. */
function typeOf(expr: Expr): Exclude<ValueType, "none"> {
  switch (expr.kind) {
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "vector-selector":
    case "aggregate":
      return "vector";
    case "matrix-selector":
    case "subquery":
      return "matrix";
    case "paren":
    case "unary":
      return typeOf(expr.expr);
    case "binary":
      return typeOf(expr.lhs) === "scalar" && typeOf(expr.rhs) === "scalar" ? "scalar" : "vector";
    case "call":
      return valueTypeOf({ kind: "call", func: expr.func, args: [], span: expr.span });
  }
}
