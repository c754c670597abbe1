import { proxyError } from "../../federation/proxy-error.ts";
import { compareBytewise } from "../../lib/bytes.ts";
import { quoteGo } from "../../model/quote.ts";
import type { LabelRequest, QueryContext } from "../../store/store.ts";
import type { ApiCall, RouteHandler } from "../api-call.ts";
import type { HttpApiOptions } from "../api-options.ts";
import type { ApiResponder } from "../api-responder.ts";
import { stopError } from "../errors.ts";
import { writeLabelObject, writeStringArray } from "../json/label-object.ts";
import { liveQuery } from "../live-queries.ts";
import { createPacer } from "../pacer.ts";
import { readForm } from "../parameters/form.ts";
import { bad } from "../parameters/go-values.ts";
import { type LabelParameters, readLabelParameters, readSeriesParameters } from "../parameters/metadata.ts";
import { createRequestScope } from "../request-scope.ts";
import { collectSeries } from "./collect-series.ts";

const truncated = "results truncated due to limit";

export interface MetadataRoutes {
  readonly labelNames: RouteHandler;
  readonly labelValues: RouteHandler;
  readonly series: RouteHandler;
}

/** `/labels`, `/label/NAME/values` and `/series`. */
export function createMetadataRoutes(api: HttpApiOptions, responder: ApiResponder): MetadataRoutes {
  /** Reads the request, then answers it within a scope of its own. */
  async function serve<P>(
    call: ApiCall,
    read: () => Promise<P>,
    answer: (parameters: P, scope: ReturnType<typeof createRequestScope>) => Promise<void>,
  ): Promise<void> {
    let parameters: P;
    try {
      parameters = await read();
    } catch (error) {
      return responder.error(call.exchange, error, "request");
    }
    const scope = createRequestScope({
      clock: api.clock,
      client: call.exchange.signal,
      timeoutMs: api.timeoutMs,
      memory: api.memory,
      metadata: { "request-id": call.requestId, "thanos-tenant": call.tenant },
    });
    const leave = api.live.enter(liveQuery(call, scope, "metadata", new URL(call.request.url).pathname));
    try {
      await answer(parameters, scope);
    } catch (reason) {
      const { signal } = scope.ctx;
      responder.error(call.exchange, signal.aborted ? stopError(signal.reason) : reason, "execution");
    } finally {
      leave();
      scope.close();
    }
  }

  async function answerStrings(
    call: ApiCall,
    scope: ReturnType<typeof createRequestScope>,
    parameters: LabelParameters,
    ask: (ctx: QueryContext, request: LabelRequest) => Promise<readonly string[]>,
  ): Promise<void> {
    const strings = await unionOf(scope.ctx, parameters, ask);
    const { limit } = parameters;
    const cut = limit > 0 && strings.length > limit;
    if (cut) scope.ctx.warn(truncated);
    await responder.success(call, {
      warnings: scope.warnings,
      clusters: scope.clusters,
      write: ({ writer }) => writeStringArray(writer, cut ? strings.slice(0, limit) : strings),
    });
  }

  return {
    labelNames: (call) =>
      serve(
        call,
        async () => readLabelParameters(await readForm(call.request), api.defaults, api.clock.nowMs()),
        (parameters, scope) =>
          answerStrings(call, scope, parameters, (ctx, request) =>
            api.store
              .labelNames(ctx, request)
              .catch((reason: unknown) => Promise.reject(proxyError("LabelNames", reason, ctx.signal))),
          ),
      ),
    labelValues(call) {
      const label = call.pathParameter("name");
      return serve(
        call,
        async () => {
          if (label === "" || !label.isWellFormed()) throw bad(`invalid label name: ${quoteGo(label)}`);
          return readLabelParameters(await readForm(call.request), api.defaults, api.clock.nowMs());
        },
        (parameters, scope) =>
          answerStrings(call, scope, parameters, (ctx, request) =>
            api.store
              .labelValues(ctx, { ...request, label })
              .catch((reason: unknown) => Promise.reject(proxyError("LabelValues", reason, ctx.signal))),
          ),
      );
    },
    series: (call) =>
      serve(
        call,
        async () => readSeriesParameters(await readForm(call.request), api.defaults, api.clock.nowMs()),
        async (parameters, scope) => {
          const pacer = createPacer(api.clock);
          const found = await collectSeries(api.store, scope.ctx, parameters);
          try {
            if (found.cut) scope.ctx.warn(truncated);
            await responder.success(call, {
              warnings: scope.warnings,
              clusters: scope.clusters,
              async write({ writer, drain }) {
                writer.raw("[");
                for (const [i, labels] of found.series.entries()) {
                  if (i > 0) writer.raw(",");
                  writeLabelObject(writer, labels);
                  await (drain() ?? pacer.turn());
                }
                writer.raw("]");
              },
            });
          } finally {
            found.release();
          }
        },
      ),
  };
}

/** Strings of all matcher sets together, sorted; a store without matchers is asked once. */
async function unionOf(
  ctx: QueryContext,
  parameters: LabelParameters,
  ask: (ctx: QueryContext, request: LabelRequest) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const { range, partialResponse, storeMatchers, limit, matcherSets } = parameters;
  const sets = matcherSets.length > 0 ? matcherSets : [[]];
  const answers = await Promise.all(
    sets.map((matchers) =>
      ask(ctx, {
        range,
        matchers,
        withoutReplicaLabels: [],
        partialResponse,
        limit: limit > 0 ? limit + 1 : 0,
        storeMatchers,
      }),
    ),
  );
  const [only] = answers;
  if (answers.length === 1 && only !== undefined) return only;
  return [...new Set(answers.flat())].sort(compareBytewise);
}
