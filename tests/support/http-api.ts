import type { HttpApiOptions } from "../../src/http/api-options.ts";
import { createHttpApp } from "../../src/http/http-app.ts";
import { createLiveQueries } from "../../src/http/live-queries.ts";
import { createEngine } from "../../src/promql/exec/create-engine.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { createMemoryLimit } from "../../src/store/memory-limit.ts";
import { buildInfo, createComponentStatus } from "../../src/telemetry/component-status.ts";
import { createMetrics } from "../../src/telemetry/create-metrics.ts";
import { noLog } from "../../src/telemetry/log.ts";
import { createMemoryExchange, type ReceivedAnswer } from "./memory-exchange.ts";
import { createMemorySelectable, type MemorySelectable } from "./memory-selectable.ts";
import { createMemoryStore } from "./memory-store.ts";

/** The API over series in memory; tests replace what they care about. */
export interface TestApi {
  readonly options: HttpApiOptions;
  readonly series: MemorySelectable;
  readonly handle: ReturnType<typeof createHttpApp>["handle"];
  /** A GET, or a POST where there is a form. */
  ask(path: string, init?: RequestInit): Promise<ReceivedAnswer>;
}

export function createTestApi(changes: Partial<HttpApiOptions> = {}): TestApi {
  const metrics = createMetrics();
  const series = createMemorySelectable();
  const options: HttpApiOptions = {
    engine: createEngine({
      lookbackDeltaMs: 300_000,
      defaultSubqueryStepMs: 60_000,
      maxSamples: 50_000_000,
      features: new Set(),
      delayedNameRemoval: false,
    }),
    store: createMemoryStore({ series: [] }),
    select: () => series,
    endpoints: () => [],
    status: createComponentStatus("query", metrics),
    metrics,
    log: noLog,
    clock: systemClock,
    memory: createMemoryLimit(1 << 30),
    live: createLiveQueries(systemClock),
    admin: false,
    defaults: { replicaLabels: ["replica"], partialResponse: true, defaultStepMs: 1_000, metadataRangeMs: 0 },
    timeoutMs: 10_000,
    maxConcurrent: 4,
    build: buildInfo(),
    flags: {},
    routePrefix: "",
    disableCors: false,
    storeApi: undefined,
    ...changes,
  };
  const { handle } = createHttpApp(options);
  return {
    options,
    series,
    handle,
    async ask(path, init) {
      const exchange = createMemoryExchange();
      await handle(new Request(`http://gateway${path}`, init), exchange);
      return exchange.answer;
    },
  };
}

/** A url-encoded POST. */
export function form(fields: readonly (readonly [string, string])[]): RequestInit {
  return {
    method: "POST",
    body: new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value])),
  };
}
