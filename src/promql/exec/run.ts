import { GatewayError, messageOf } from "../../lib/errors.ts";
import { systemClock, yieldToLoop } from "../../runtime/clock.ts";
import type { SampleSource, Selectable, SelectRequest } from "../../store/samples.ts";
import type { QueryContext } from "../../store/store.ts";
import { type Annotation, type Annotations, createAnnotations } from "../annotations.ts";
import type { EngineOptions, OperatorAnalysis, QueryStats } from "../engine.ts";
import type { PlanNode } from "../plan/node.ts";

/** How long series may be worked on before timers and sockets have their turn, ms. */
const turnMs = 10;
/** How often that is looked at, in series. */
const seriesPerLook = 4;

/** What all operators of one running query share: its sources, limits, counts and the way to stop. */
export interface Run {
  readonly options: EngineOptions;
  readonly lookbackMs: number;
  /** Registers a selector; its source opens with `openAll`, or with its first pull. */
  select(request: SelectRequest): Pick<SampleSource, "next">;
  /** Opens every registered source, and where there are several asks each for its first series: all leaves work at once. */
  openAll(): void;
  /** Throws when the query was canceled or timed out. A promise where others are to have their turn first. */
  turn(): Promise<void> | undefined;
  /** Where the operator that is compiled next is recorded; `undefined` where the query is not analyzed. */
  readonly record: OperatorRecord | undefined;
  /** Adds what the answer should say about its numbers; the same text counts once. */
  annotate(annotation: Annotation): void;
  annotations: Annotations["texts"];
  /** Counts samples read from the store and samples that steps looked at. */
  count(read: number, queryable: number): void;
  /** Counts float samples that are held. Throws where the query's limit or the memory limit is passed. */
  hold(samples: number): void;
  /** Counts other bytes that are held until the query is closed. */
  holdBytes(sizeBytes: number): void;
  /** Gives back what `hold` counted. */
  release(samples: number): void;
  stats(): QueryStats;
  close(): Promise<void>;
}

/** What one operator of a query that is analyzed did so far. */
export interface OperatorRecord {
  /** A record for one of its inputs. */
  child(node: PlanNode): OperatorRecord;
  /** The run as the operator sees it: what it and its inputs count goes to the record as well. */
  observe(run: Run): Run;
  /** `pull` with its time counted, its input's included, and what it answers. */
  timed<T>(pull: () => T | Promise<T>): () => T | Promise<T>;
  analysis(): OperatorAnalysis;
}

/** Eight bytes of value and one of presence. */
const bytesPerSample = 9;

/** Begins a query over `source`; nothing is read yet. Whoever begins it closes it. `text` is what spans point into. */
export function createRun(
  ctx: QueryContext,
  source: Selectable,
  options: EngineOptions,
  how: { readonly lookbackMs: number; readonly text: string; readonly record?: OperatorRecord | undefined },
): Run {
  const { lookbackMs, text, record } = how;
  const annotations = createAnnotations(text);
  const selections: ReturnType<typeof lazySource>[] = [];
  const { settle, ...account } = createAccount(ctx, options.maxSamples);
  let closed = false;
  return {
    ...account,
    options,
    lookbackMs,
    record,
    annotate: annotations.add,
    annotations: annotations.texts,
    turn: createTurns(ctx),
    select(request) {
      const open = () => {
        if (closed) throw new GatewayError("canceled", "query was canceled in expression evaluation");
        return source.select(ctx, request);
      };
      const selection = lazySource(open, (error) =>
        ctx.signal.aborted ? stoppedBy(ctx.signal.reason) : expansionError(error),
      );
      selections.push(selection);
      return selection;
    },
    openAll() {
      for (const selection of selections) selection.open(selections.length > 1);
    },
    async close() {
      if (closed) return;
      closed = true;
      settle();
      await Promise.allSettled(selections.map((selection) => selection.close()));
    },
  };
}

/** Counts samples and bytes; `settle` gives back all that is held, after which nothing more can be. */
function createAccount(ctx: QueryContext, maxSamples: number) {
  const counts = { read: 0, queryable: 0, held: 0, peak: 0 };
  let otherBytes = 0;
  let settled = false;
  const take = (sizeBytes: number): void => {
    if (settled) throw new GatewayError("canceled", "query was canceled in expression evaluation");
    ctx.memory.take(sizeBytes);
  };
  return {
    count(read: number, queryable: number) {
      counts.read += read;
      counts.queryable += queryable;
      if (counts.held + read > counts.peak) counts.peak = counts.held + read;
    },
    hold(samples: number) {
      if (counts.held + samples > maxSamples) {
        throw new GatewayError(
          "execution",
          "query processing would load too many samples into memory in query execution",
        );
      }
      take(samples * bytesPerSample);
      counts.held += samples;
      if (counts.held > counts.peak) counts.peak = counts.held;
    },
    holdBytes(sizeBytes: number) {
      take(sizeBytes);
      otherBytes += sizeBytes;
    },
    release(samples: number) {
      if (settled) return;
      counts.held -= samples;
      ctx.memory.give(samples * bytesPerSample);
    },
    settle() {
      settled = true;
      ctx.memory.give(counts.held * bytesPerSample + otherBytes);
      counts.held = 0;
      otherBytes = 0;
    },
    stats: (): QueryStats => ({
      totalQueryableSamples: counts.queryable,
      samplesRead: counts.read,
      peakSamples: counts.peak,
    }),
  };
}

/** Looks now and then whether the query was stopped, and whether others have waited long enough. */
function createTurns(ctx: QueryContext): Run["turn"] {
  let looks = 0;
  let lastTurn = systemClock.monotonicMs();
  return () => {
    if (ctx.signal.aborted) throw stoppedBy(ctx.signal.reason);
    if (++looks % seriesPerLook !== 0) return undefined;
    if (systemClock.monotonicMs() - lastTurn < turnMs) return undefined;
    return yieldToLoop().then(() => {
      lastTurn = systemClock.monotonicMs();
      if (ctx.signal.aborted) throw stoppedBy(ctx.signal.reason);
    });
  };
}

/** Upstream's texts for a query that was stopped from outside. */
export function stoppedBy(reason: unknown): GatewayError {
  if (reason instanceof GatewayError && reason.code !== "canceled" && reason.code !== "timeout")
    return reason;
  const timedOut =
    reason instanceof GatewayError
      ? reason.code === "timeout"
      : reason instanceof Error && reason.name === "TimeoutError";
  return timedOut
    ? new GatewayError("timeout", "query timed out in expression evaluation", { cause: reason })
    : new GatewayError("canceled", "query was canceled in expression evaluation", { cause: reason });
}

/** A store's failure as upstream tells it. */
function expansionError(cause: unknown): GatewayError {
  return new GatewayError("execution", `expanding series: ${messageOf(cause)}`, { cause });
}

/** A source that opens with its first pull, or before; what it throws goes through `failure`. */
function lazySource(open: () => SampleSource, failure: (error: unknown) => GatewayError) {
  type Pulled = ReturnType<SampleSource["next"]>;
  let opened: SampleSource | undefined;
  /** The first series, where it was asked for ahead. */
  let ahead: { readonly pulled: Pulled } | undefined;
  const failed = (error: unknown): never => {
    throw failure(error);
  };
  const pull = (): Pulled => {
    try {
      opened ??= open();
      const pulled = opened.next();
      return pulled instanceof Promise ? pulled.catch(failed) : pulled;
    } catch (error) {
      return failed(error);
    }
  };
  return {
    open(pullsAhead: boolean) {
      if (pullsAhead) {
        const pulled = pull();
        // Whoever pulls hears of a failure; nobody may, where another selector fails first.
        if (pulled instanceof Promise) pulled.catch(() => undefined);
        ahead = { pulled };
        return;
      }
      try {
        opened ??= open();
      } catch (error) {
        failed(error);
      }
    },
    next(): Pulled {
      if (ahead === undefined) return pull();
      const { pulled } = ahead;
      ahead = undefined;
      return pulled;
    },
    close: async () => opened?.close(),
  };
}
