import { GatewayError } from "../../lib/errors.ts";
import { formatLabels, type Labels } from "../../model/labels.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { learnFacts } from "./learn-facts.ts";
import type { PrometheusApi } from "./prometheus-api.ts";
import type { PrometheusFacts } from "./prometheus-facts.ts";

export interface PrometheusWatchOptions {
  readonly api: PrometheusApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Labels that stand in place of Prometheus's own; empty for those. */
  readonly labels: Labels;
  /** Oldest time that may be answered, Unix milliseconds; asked for at each check, because it may move with the clock. */
  readonly minTimeMs: (nowMs: number) => number;
  readonly intervalMs: number;
  /** A check that takes longer has failed. */
  readonly timeoutMs: number;
  /** Time between checks until the first one succeeds. */
  readonly retryMs: number;
  /** Most bytes of one answer. */
  readonly maxAnswerBytes: number;
  /** Called after each check. */
  readonly onCheck: () => void;
}

/** Asks a Prometheus again and again how it is. */
export interface PrometheusWatch {
  /** What was learnt last, also while Prometheus is down; `undefined` before the first success. */
  facts(): PrometheusFacts | undefined;
  /** Resolves after the first success; never where there is none. */
  readonly known: Promise<void>;
  /** Whether the last check succeeded. */
  isUp(): boolean;
  /** Why the last check failed; `undefined` where it did not, or there was none yet. */
  trouble(): GatewayError | undefined;
  /** Ends the check in flight and makes no more. */
  close(): Promise<void>;
}

/** Begins at once. Failures are logged when they begin, change and end, and show as `thanos_sidecar_prometheus_up`. */
export function watchPrometheus(options: PrometheusWatchOptions): PrometheusWatch {
  const { clock, log, metrics } = options;
  const up = metrics.gauge(
    "thanos_sidecar_prometheus_up",
    "Boolean indicator whether the sidecar can reach its Prometheus peer.",
  );
  const lastSuccess = metrics.gauge(
    "thanos_sidecar_last_heartbeat_success_time_seconds",
    "Timestamp of the last successful heartbeat in seconds.",
  );
  const stop = new AbortController();
  let facts: PrometheusFacts | undefined;
  let trouble: GatewayError | undefined;
  let isUp = false;
  const known = Promise.withResolvers<void>();

  const succeed = (learnt: PrometheusFacts) => {
    const labels = formatLabels(learnt.externalLabels);
    if (!isUp || (facts !== undefined && labels !== formatLabels(facts.externalLabels))) {
      log.info("Prometheus is ready", { externalLabels: labels });
    }
    facts = learnt;
    known.resolve();
    isUp = true;
    trouble = undefined;
    up.set(1);
    lastSuccess.set(clock.nowMs() / 1000);
  };
  const fail = (error: unknown) => {
    const failure = GatewayError.from(error, "unavailable");
    if (failure.message !== trouble?.message) log.warn("Prometheus is not ready", { error: failure.message });
    isUp = false;
    trouble = failure;
    up.set(0);
  };

  async function run(): Promise<void> {
    up.set(0);
    while (!stop.signal.aborted) {
      try {
        succeed(await check(options, stop.signal));
      } catch (error) {
        if (!stop.signal.aborted) fail(error);
      }
      options.onCheck();
      const waitMs = facts === undefined ? Math.min(options.retryMs, options.intervalMs) : options.intervalMs;
      await clock.sleep(waitMs, stop.signal).catch(() => undefined); // Only `stop` ends it early.
    }
  }

  const done = run();
  return {
    facts: () => facts,
    known: known.promise,
    isUp: () => isUp,
    trouble: () => trouble,
    async close() {
      stop.abort();
      await done;
    },
  };
}

async function check(options: PrometheusWatchOptions, stop: AbortSignal): Promise<PrometheusFacts> {
  const { api, clock, labels, minTimeMs, timeoutMs, maxAnswerBytes } = options;
  const late = new AbortController();
  const takeBack = clock.after(timeoutMs, () =>
    late.abort(
      new GatewayError("unavailable", `Cannot ask Prometheus: no answer after ${timeoutMs / 1000} s`),
    ),
  );
  const end = new AbortController();
  const nowMs = clock.nowMs();
  try {
    const signal = AbortSignal.any([stop, late.signal, end.signal]);
    return await learnFacts(
      api,
      { signal, maxBytes: maxAnswerBytes },
      { labels, minTimeMs: minTimeMs(nowMs), nowMs },
    );
  } finally {
    takeBack();
    end.abort(); // Of several questions one may have failed; the others end with it.
  }
}
