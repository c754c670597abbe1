import type { InstantTime, PreparedQuery, QueryResult, RangeTimes } from "../../promql/engine.ts";
import type { PlanExplanation } from "../../promql/plan/explain.ts";
import type { Selectable } from "../../store/samples.ts";
import type { QueryContext } from "../../store/store.ts";
import type { ApiCall, RouteHandler } from "../api-call.ts";
import type { HttpApiOptions } from "../api-options.ts";
import type { ApiResponder } from "../api-responder.ts";
import { stopError } from "../errors.ts";
import type { Gate } from "../gate.ts";
import { analysisObject } from "../json/query-analysis.ts";
import { writeQueryData } from "../json/query-data.ts";
import { type QueryTimings, writeQueryStats } from "../json/query-stats.ts";
import { liveQuery } from "../live-queries.ts";
import { createPacer } from "../pacer.ts";
import { type Form, readForm } from "../parameters/form.ts";
import { type QueryParameters, readInstantParameters, readRangeParameters } from "../parameters/query.ts";
import { createRequestScope, type RequestScope } from "../request-scope.ts";

/** What instant and range queries do differently. */
interface QueryPlan {
  readonly parameters: QueryParameters;
  readonly times: InstantTime | RangeTimes;
  start(prepared: PreparedQuery, ctx: QueryContext, source: Selectable): QueryResult;
}

/** A query that may run. */
interface PreparedCall {
  readonly plan: QueryPlan;
  readonly prepared: PreparedQuery;
  readonly scope: RequestScope;
  readonly timings: () => QueryTimings;
}

export interface QueryRoutes {
  readonly instant: RouteHandler;
  readonly range: RouteHandler;
  readonly explainInstant: RouteHandler;
  readonly explainRange: RouteHandler;
}

/** `/query`, `/query_range`, `/query_explain` and `/query_range_explain`. */
export function createQueryRoutes(api: HttpApiOptions, responder: ApiResponder, gate: Gate): QueryRoutes {
  const timespan = api.metrics.histogram(
    "thanos_query_range_requested_timespan_duration_seconds",
    "A histogram of the query range window in seconds.",
    Array.from({ length: 12 }, (_, i) => 900 * 2 ** i),
  );

  async function serve(call: ApiCall, read: (form: Form) => QueryPlan): Promise<void> {
    let plan: QueryPlan;
    try {
      plan = read(await readForm(call.request));
    } catch (error) {
      return responder.error(call.exchange, error, "request");
    }
    const scope = createRequestScope({
      clock: api.clock,
      client: call.exchange.signal,
      timeoutMs: Math.min(plan.parameters.timeoutMs ?? Number.POSITIVE_INFINITY, api.timeoutMs),
      memory: api.memory,
      metadata: { "request-id": call.requestId, "thanos-tenant": call.tenant },
    });
    const kind = "startMs" in plan.times ? "query_range" : "query";
    const leave = api.live.enter(liveQuery(call, scope, kind, plan.parameters.query));
    try {
      await answer(call, plan, scope);
    } finally {
      leave();
      scope.close();
    }
  }

  async function answer(call: ApiCall, plan: QueryPlan, scope: RequestScope): Promise<void> {
    const { ctx } = scope;
    const { parameters } = plan;
    const startMs = api.clock.monotonicMs();
    let prepared: PreparedQuery;
    try {
      prepared = api.engine.prepare(parameters.query);
    } catch (error) {
      return responder.error(call.exchange, error, "request");
    }
    const preparedMs = api.clock.monotonicMs();
    let leave: () => void;
    try {
      leave = await gate.enter(ctx.signal);
    } catch (reason) {
      return responder.error(call.exchange, stopError(reason), "execution");
    }
    const enteredMs = api.clock.monotonicMs();
    const timings = (): QueryTimings => ({
      preparationMs: preparedMs - startMs,
      queueMs: enteredMs - preparedMs,
      totalMs: api.clock.monotonicMs() - startMs,
    });
    try {
      await run(call, { plan, prepared, scope, timings });
    } finally {
      leave();
    }
  }

  /** Begins only here, past the gate: what waits there should hold little. */
  async function run(call: ApiCall, { plan, prepared, scope, timings }: PreparedCall): Promise<void> {
    const { ctx } = scope;
    const { parameters } = plan;
    let result: QueryResult;
    try {
      result = plan.start(prepared, ctx, api.select(parameters));
    } catch (error) {
      return responder.error(call.exchange, error, "request");
    }
    try {
      await responder.success(call, {
        warnings: scope.warnings,
        clusters: scope.clusters,
        annotations: () => result.annotations(),
        explain: (reason) => (ctx.signal.aborted ? stopError(ctx.signal.reason) : reason),
        async write(body) {
          body.writer.raw("{");
          await writeQueryData(result, { body, pacer: createPacer(api.clock), memory: ctx.memory });
          if (parameters.stats) writeQueryStats(body.writer, result.stats(), timings());
          const analysis = result.analysis();
          body.writer.raw(',"analysis":');
          body.writer.rawBytes(jsonBytes(analysis === undefined ? {} : analysisObject(analysis)));
          body.writer.raw("}");
        },
      });
    } finally {
      await result.close();
    }
  }

  /** Answers with the plan; nothing is read. */
  async function explain(call: ApiCall, read: (form: Form) => QueryPlan): Promise<void> {
    let plan: Uint8Array;
    try {
      const { parameters, times } = read(await readForm(call.request));
      plan = jsonBytes(
        planObject(api.engine.prepare(parameters.query).explain(api.select(parameters), times)),
      );
    } catch (error) {
      return responder.error(call.exchange, error, "request");
    }
    return responder.success(call, { warnings: () => [], write: ({ writer }) => writer.rawBytes(plan) });
  }

  const readInstant = (form: Form): QueryPlan => {
    const parameters = readInstantParameters(form, api.defaults, api.clock.nowMs());
    const { timeMs, lookbackDeltaMs, analyze } = parameters;
    const at = { timeMs, analyze, ...(lookbackDeltaMs === undefined ? {} : { lookbackDeltaMs }) };
    return { parameters, times: at, start: (prepared, ctx, source) => prepared.instant(ctx, source, at) };
  };
  const readRange = (form: Form): QueryPlan => {
    const parameters = readRangeParameters(form, api.defaults);
    const { startMs, endMs, stepMs, lookbackDeltaMs, analyze } = parameters;
    const span = { startMs, endMs, stepMs };
    const over = { ...span, analyze, ...(lookbackDeltaMs === undefined ? {} : { lookbackDeltaMs }) };
    return { parameters, times: span, start: (prepared, ctx, source) => prepared.range(ctx, source, over) };
  };
  return {
    instant: (call) => serve(call, readInstant),
    range: (call) =>
      serve(call, (form) => {
        const plan = readRange(form);
        if ("startMs" in plan.times) timespan.record((plan.times.endMs - plan.times.startMs) / 1000);
        return plan;
      }),
    explainInstant: (call) => explain(call, readInstant),
    explainRange: (call) => explain(call, readRange),
  };
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** A plan in Thanos's shape: no children where there are none. */
function planObject({ name, children }: PlanExplanation): unknown {
  return { name, ...(children.length === 0 ? {} : { children: children.map(planObject) }) };
}
