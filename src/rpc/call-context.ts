import { Code, ConnectError } from "@connectrpc/connect";
import { GatewayError } from "../lib/errors.ts";
import { type ClusterOutcome, createCompletenessLog } from "../model/completeness.ts";
import type { Clock } from "../runtime/clock.ts";
import type { MemoryAccount, QueryContext } from "../store/store.ts";
import { type GrpcFailure, statusOf } from "./grpc-failure.ts";

export interface CallOptions {
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number | undefined;
  readonly header: (name: string) => string | undefined;
  readonly memory: MemoryAccount;
  readonly clock: Clock;
}

/** One call's context, and what became of it. */
export interface Call {
  readonly ctx: QueryContext;
  /** Warnings since the last asking. */
  takeWarnings(): readonly string[];
  /** What became of the expected clusters so far. */
  clusters(): readonly ClusterOutcome[];
  /** Whether the caller has gone: there is nobody to answer to. */
  isGone(): boolean;
  /** Whether the time that the caller gave is over. */
  isExpired(): boolean;
  /** Ends the call as though its time were over. */
  expire(): void;
  /** The status that an error of this call means. */
  failureOf(error: unknown): GrpcFailure;
  /** Ends what still works for this call, and gives back what it still counts. */
  close(): void;
}

/** Metadata that goes along to the stores below. */
const forwarded = ["thanos-tenant", "request-id", "traceparent", "tracestate"];
/** setTimeout cannot wait longer. */
const maxTimerMs = 0x7fff_ffff;

/** The reason of every ordinary end, made once. */
const callOver = new DOMException("context canceled", "AbortError");

/** Opens the context of a call that came in. */
export function openCall(options: CallOptions): Call {
  const { signal, timeoutMs, clock } = options;
  const scope = new AbortController();
  const warnings: string[] = [];
  const said = new Set<string>();
  const memory = watchMemory(options.memory);
  const completeness = createCompletenessLog();
  let expired = false;
  let stopTimer: (() => void) | undefined;
  const expire = () => {
    expired = true;
    scope.abort(new DOMException("context deadline exceeded", "TimeoutError"));
  };
  const onAbort = () => {
    // Connect has a timer of its own for the caller's deadline, which may go off before ours.
    if (signal.reason instanceof ConnectError && signal.reason.code === Code.DeadlineExceeded) expire();
    else scope.abort(new DOMException("context canceled", "AbortError"));
  };
  if (timeoutMs !== undefined) stopTimer = clock.after(Math.min(timeoutMs, maxTimerMs), expire);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return {
    ctx: {
      signal: scope.signal,
      deadlineMs: timeoutMs === undefined ? undefined : clock.nowMs() + timeoutMs,
      warn(message) {
        if (said.has(message)) return;
        said.add(message);
        warnings.push(message);
      },
      metadata: metadataOf(options.header),
      memory: memory.account,
      completeness,
    },
    clusters: completeness.outcomes,
    takeWarnings: () => warnings.splice(0),
    isGone: () => signal.aborted,
    isExpired: () => expired,
    expire,
    failureOf(error) {
      if (expired) return statusOf(new GatewayError("timeout", "context deadline exceeded"));
      if (signal.aborted) return statusOf(new GatewayError("canceled", "context canceled"));
      return statusOf(error, memory.isLimit(error));
    },
    close() {
      stopTimer?.();
      signal.removeEventListener("abort", onAbort);
      scope.abort(callOver);
    },
  };
}

function metadataOf(header: (name: string) => string | undefined): Readonly<Record<string, string>> {
  const metadata: Record<string, string> = {};
  for (const name of forwarded) {
    const value = header(name);
    if (value !== undefined) metadata[name] = value;
  }
  return metadata;
}

/** Remembers the account's refusals: they have a status of their own. */
function watchMemory(account: MemoryAccount): {
  readonly account: MemoryAccount;
  isLimit(error: unknown): boolean;
} {
  const refusals = new WeakSet<object>();
  return {
    account: {
      take(sizeBytes) {
        try {
          account.take(sizeBytes);
        } catch (error) {
          if (error instanceof Error) refusals.add(error);
          throw error;
        }
      },
      give: (sizeBytes) => account.give(sizeBytes),
    },
    isLimit(error) {
      for (let at = error; at instanceof Error; at = at.cause) if (refusals.has(at)) return true;
      return false;
    },
  };
}
