import type { DnsAddress } from "../../config/dns-address.ts";
import { GatewayError } from "../../lib/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Resolver } from "./create-resolver.ts";
import type { DnsKind, DnsMetrics } from "./dns-metrics.ts";
import {
  type HostMemory,
  type LookupProblem,
  type Resolution,
  type ResolvedAddress,
  resolveAddress,
} from "./resolve-address.ts";

/** An endpoint of a DNS address. `isLeaving`: DNS no longer names it, and it is held for a while. */
export interface HeldAddress extends ResolvedAddress {
  readonly isLeaving: boolean;
}

/** What is known of a DNS address. */
export interface DnsState {
  readonly endpoints: readonly HeldAddress[];
  /** Why DNS did not name all that it should, and since when, Unix ms. */
  readonly problem: { readonly reason: string; readonly sinceMs: number } | undefined;
  /** Whether endpoints are therefore not known that should be; else earlier answers stand in. */
  readonly isIncomplete: boolean;
  /** When DNS named endpoints last, Unix ms. */
  readonly lastGoodMs: number | undefined;
}

export interface DnsWatch {
  readonly query: DnsAddress;
  readonly kind: DnsKind;
  state(): DnsState;
  /** Resolves when DNS has been asked once, whatever it said. */
  readonly settled: Promise<void>;
  close(): void;
}

export interface DnsWatchOptions {
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: DnsMetrics;
  /** How often DNS is asked at least; sooner where an answer lives shorter or there was none. */
  readonly intervalMs: number;
  /** How long an address is held that DNS no longer names. */
  readonly holdDownMs: number;
  /** Hears of every look, also where nothing has changed. */
  looked(): void;
}

/** No name is asked for more often than this, however short its answers live. */
const leastIntervalMs = 5_000;
/** How long one look may take. */
const limitMs = 30_000;

/** Asks DNS for an address now and again until `close`; what it said last stays in use while it says nothing. */
export function watchDns(query: DnsAddress, kind: DnsKind, options: DnsWatchOptions): DnsWatch {
  const { resolver, clock, log, intervalMs } = options;
  const memory: HostMemory = new Map();
  const settled = Promise.withResolvers<void>();
  const stop = new AbortController();
  let stopTimer: () => void = () => undefined;
  let held: readonly (HeldAddress & { readonly leftMs: number | undefined })[] = [];
  let lastGoodMs: number | undefined;
  let problem: DnsState["problem"] = {
    reason: `lookup ${query.name}: no answer yet`,
    sinceMs: clock.nowMs(),
  };

  const hold = (resolution: Resolution): void => {
    const nowMs = clock.nowMs();
    if (resolution.kind === "unresolved" && !resolution.problem.isAbsent) return;
    const named = resolution.kind === "resolved" ? resolution.endpoints : [];
    if (named.length > 0) lastGoodMs = nowMs;
    const addresses = new Set(named.map(({ address }) => address));
    const leaving = held
      .filter(({ address }) => !addresses.has(address))
      .map((old) => ({ ...old, isLeaving: true, leftMs: old.leftMs ?? nowMs }))
      .filter(({ leftMs }) => nowMs - leftMs < options.holdDownMs);
    held = [...named.map((one) => ({ ...one, isLeaving: false, leftMs: undefined })), ...leaving];
  };
  let isIncomplete = true;
  let told = "";
  const note = (problems: readonly LookupProblem[]): void => {
    const first = problems.find(({ isCovered }) => !isCovered) ?? problems[0];
    isIncomplete = first !== undefined && !first.isCovered;
    if (first === undefined) problem = undefined;
    else if (problem?.reason !== first.reason) problem = { reason: first.reason, sinceMs: clock.nowMs() };
  };
  /** A failure is logged when it begins and when it is another one, not every few seconds. */
  const tell = (problems: readonly LookupProblem[]): void => {
    const reasons = problems.map(({ reason }) => reason).join("; ");
    if (reasons === told) return;
    told = reasons;
    const fields = { addr: query.text, endpoints: held.length };
    if (reasons === "") log.info("addresses for endpoints are resolved again", fields);
    else log.error("failed to resolve addresses for endpoints", { ...fields, err: reasons });
  };
  const look = async () => {
    const resolution = await resolveWithin(query, { resolver, clock, memory, stop: stop.signal });
    if (resolution === undefined) return;
    const problems = resolution.kind === "resolved" ? resolution.problems : [resolution.problem];
    hold(resolution);
    const isKept = resolution.kind === "unresolved" && held.length > 0;
    note(isKept ? problems.map((one) => ({ ...one, isCovered: true })) : problems);
    options.metrics.looked(kind, problems);
    tell(problems);
    settled.resolve();
    options.looked();
    const isFine = resolution.kind === "resolved" && problems.length === 0;
    const wantedMs = isFine ? resolution.ttlMs : leastIntervalMs;
    const againMs = Math.min(intervalMs, Math.max(wantedMs, leastIntervalMs));
    stopTimer = clock.after(againMs, () => void look());
  };
  void look();
  return {
    query,
    kind,
    state: () => ({ endpoints: held, problem, isIncomplete, lastGoodMs }),
    settled: settled.promise,
    close() {
      stop.abort(new GatewayError("canceled", "discovery is closed"));
      stopTimer();
      settled.resolve();
    },
  };
}

/** One look with its limit; `undefined` where it was stopped. */
async function resolveWithin(
  query: DnsAddress,
  options: {
    readonly resolver: Resolver;
    readonly clock: Clock;
    readonly memory: HostMemory;
    readonly stop: AbortSignal;
  },
): Promise<Resolution | undefined> {
  const { resolver, clock, memory, stop } = options;
  const limit = new AbortController();
  const stopTimer = clock.after(limitMs, () => limit.abort());
  try {
    return await resolveAddress(query, resolver, { memory, signal: AbortSignal.any([stop, limit.signal]) });
  } catch (error) {
    if (stop.aborted) return undefined;
    const { message } = GatewayError.from(error);
    const [code, text] = limit.signal.aborted ? ["timeout", "no answer within 30s"] : ["internal", message];
    const reason = `lookup ${query.name}: ${text}`;
    const problem = { name: query.name, isAbsent: false, code, reason, isCovered: false };
    return { kind: "unresolved", problem };
  } finally {
    stopTimer();
  }
}
