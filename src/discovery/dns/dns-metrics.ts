import type { Clock } from "../../runtime/clock.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { LookupProblem } from "./resolve-address.ts";

/** What endpoints and groups are counted as. */
export type DnsKind = "endpoints" | "endpoint_groups";

/** What is shown of a watched address. */
export interface WatchedAnswer {
  readonly text: string;
  readonly kind: DnsKind;
  readonly count: number;
  /** When DNS named endpoints for it last, Unix ms; `undefined` for never. */
  readonly lastGoodMs: number | undefined;
}

export interface DnsMetrics {
  /** One look at an address is over. */
  looked(kind: DnsKind, problems: readonly LookupProblem[]): void;
}

/** Names that Thanos has had for one thing: today's, and the one that its mixin still asks for. */
const prefixes: Readonly<Record<DnsKind, readonly string[]>> = {
  endpoints: ["thanos_query_endpoints", "thanos_query_store_apis"],
  endpoint_groups: ["thanos_query_endpoint_groups"],
};

/** Metrics of DNS, named as Thanos's were and are; `answers` is read when scraped. */
export function createDnsMetrics(
  metrics: Metrics,
  { clock, answers }: { readonly clock: Clock; readonly answers: () => readonly WatchedAnswer[] },
): DnsMetrics {
  const counters = (kind: DnsKind, word: "lookups" | "failures", help: string) =>
    prefixes[kind].map((prefix) => metrics.counter(`${prefix}_dns_${word}_total`, help));
  const countersOf = (kind: DnsKind) => ({
    lookups: counters(kind, "lookups", "The number of DNS lookups resolutions attempts"),
    failures: counters(kind, "failures", "The number of DNS lookup failures"),
  });
  const counted = { endpoints: countersOf("endpoints"), endpoint_groups: countersOf("endpoint_groups") };
  const problems = metrics.counter(
    "sluice_dns_problems_total",
    "Names that DNS gave no addresses for, by reason.",
  );
  for (const kind of ["endpoints", "endpoint_groups"] as const) {
    for (const prefix of prefixes[kind]) {
      metrics.observe(
        `${prefix}_dns_provider_results`,
        "The number of resolved endpoints for each configured address",
        () =>
          answers()
            .filter((answer) => answer.kind === kind)
            .map(({ text, count }) => ({ value: count, labels: { addr: text } })),
      );
    }
  }
  metrics.observe(
    "sluice_dns_answer_age_seconds",
    "Time since DNS last named endpoints for an address; what it named then stays in use.",
    () =>
      answers().flatMap(({ text, lastGoodMs }) =>
        lastGoodMs === undefined
          ? []
          : [{ value: Math.max(0, clock.nowMs() - lastGoodMs) / 1000, labels: { addr: text } }],
      ),
  );
  return {
    looked(kind, found) {
      const { lookups, failures } = counted[kind];
      for (const counter of lookups) counter.add(1);
      for (const { code } of found) problems.add(1, { reason: code });
      // As in Thanos, a name that is not there is an answer, not a failure.
      if (found.some(({ isAbsent }) => !isAbsent)) for (const counter of failures) counter.add(1);
    },
  };
}
