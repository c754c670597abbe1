import { type ClusterOutcome, createCompletenessLog } from "../model/completeness.ts";
import type { Clock } from "../runtime/clock.ts";
import type { MemoryLimit } from "../store/memory-limit.ts";
import type { QueryContext } from "../store/store.ts";

export interface RequestScopeOptions {
  readonly clock: Clock;
  /** Aborted when the client goes away. */
  readonly client: AbortSignal;
  /** `undefined` for no end. */
  readonly timeoutMs: number | undefined;
  readonly memory: MemoryLimit;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The life of one request: its context, its warnings, and its end. Who creates it closes it. */
export interface RequestScope {
  readonly ctx: QueryContext;
  /** Warnings so far, in order, each once. */
  warnings(): readonly string[];
  /** What became of the expected clusters so far. */
  clusters(): readonly ClusterOutcome[];
  /** Bytes that the request holds now. */
  heldBytes(): number;
  /** Ends the request from outside: whoever works for it is told that it was canceled. */
  kill(): void;
  /** Frees the timer, stops whatever still works for the request and gives back the memory it counted. */
  close(): void;
}

export function createRequestScope(options: RequestScopeOptions): RequestScope {
  const { clock, client, timeoutMs } = options;
  const stop = new AbortController();
  const memory = options.memory.account();
  const warnings = new Set<string>();
  const completeness = createCompletenessLog();
  const leave = () => stop.abort(client.reason);
  if (client.aborted) leave();
  else client.addEventListener("abort", leave, { once: true });
  const expire = () => stop.abort(new DOMException("the time for the query is over", "TimeoutError"));
  let endTimer: (() => void) | undefined;
  if (timeoutMs !== undefined && timeoutMs <= 0) expire();
  else if (timeoutMs !== undefined) endTimer = clock.after(Math.min(timeoutMs, longestTimerMs), expire);
  return {
    ctx: {
      signal: stop.signal,
      deadlineMs: timeoutMs === undefined ? undefined : clock.nowMs() + timeoutMs,
      warn: (message) => void warnings.add(message),
      metadata: options.metadata,
      memory,
      completeness,
    },
    warnings: () => [...warnings],
    clusters: completeness.outcomes,
    heldBytes: memory.heldBytes,
    kill: () => stop.abort(killed),
    close() {
      endTimer?.();
      client.removeEventListener("abort", leave);
      stop.abort(requestOver);
      memory.close();
    },
  };
}

/** Made once: an exception's stack costs more than a small query's answer. */
const requestOver = new DOMException("the request is over", "AbortError");

const killed = new DOMException("an operator ended the request", "AbortError");

/** Timers take 32 bits of milliseconds. */
const longestTimerMs = 2_147_483_647;
