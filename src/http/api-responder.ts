import type { ClusterOutcome } from "../model/completeness.ts";
import type { AnnotationTexts } from "../promql/annotations.ts";
import type { Clock } from "../runtime/clock.ts";
import type { HttpExchange, ResponseHead } from "../runtime/http-server.ts";
import type { MemoryAccount } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import type { Counter } from "../telemetry/metrics.ts";
import { type AnswerBody, createAnswerBody } from "./answer-body.ts";
import type { ApiCall } from "./api-call.ts";
import type { ChunkPool } from "./chunk-pool.ts";
import { type ApiPhase, apiErrorOf } from "./errors.ts";
import { completenessHeader, completenessHeaders, missingHeader } from "./json/completeness.ts";
import { errorBody, successPrefix, writeEnvelopeEnd } from "./json/envelope.ts";

export interface ApiResponderOptions {
  readonly pool: ChunkPool;
  /** Counts what is on its way to clients, which may outlive a request. */
  readonly memory: MemoryAccount;
  readonly disableCors: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Answers that broke off after they had begun. */
  readonly cutAnswers: Counter;
}

/** Answers calls in the API's envelope. */
export interface ApiResponder {
  /**
   * Answers with success: `write` gives the text of `data`. What it throws before the answer began becomes an error
   * answer, later the connection is reset.
   */
  success(
    call: ApiCall,
    answer: {
      /** What was left out of the answer; it must not be cached then. */
      readonly warnings: () => readonly string[];
      /** What became of the expected clusters so far; none by default. */
      readonly clusters?: () => readonly ClusterOutcome[];
      /** What a query says about its numbers. Read once they are written. */
      readonly annotations?: () => AnnotationTexts;
      readonly write: (body: AnswerBody) => Promise<void> | void;
      /** What an error means, where the request's end explains it better. */
      readonly explain?: (reason: unknown) => unknown;
    },
  ): Promise<void>;
  error(exchange: HttpExchange, reason: unknown, phase: ApiPhase): void;
  /** 204 with the headers of the API. */
  noContent(exchange: HttpExchange): void;
}

const corsHeaders = {
  "Access-Control-Allow-Headers": "Accept, Accept-Encoding, Authorization, Content-Type, Origin",
  "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "Date",
};

export function createApiResponder(options: ApiResponderOptions): ApiResponder {
  const { pool, memory, log, cutAnswers } = options;
  const shared = { Vary: "Accept-Encoding", ...(options.disableCors ? {} : corsHeaders) };
  const plain = { "Content-Type": "application/json", ...shared };
  const uncacheable = { ...plain, "Cache-Control": "no-store" };

  function sendError(exchange: HttpExchange, reason: unknown, phase: ApiPhase): void {
    const { status, type, message } = apiErrorOf(reason, phase);
    const left = exchange.signal.aborted;
    if (status === 500 && !left) log.error("request failed", { err: message, stack: stackOf(reason) });
    exchange.send({ status, headers: uncacheable }, [errorBody(type, message)]);
  }
  function fail(call: ApiCall, body: AnswerBody | undefined, reason: unknown): void {
    if (body?.abandon() !== true) {
      sendError(call.exchange, reason, "execution");
      return;
    }
    if (call.exchange.signal.aborted) return; // The client left by itself.
    cutAnswers.add(1);
    const { type, message } = apiErrorOf(reason, "execution");
    log.warn("answer broke off after it had begun, connection reset", {
      path: pathOf(call.request.url),
      request_id: call.requestId,
      sent_bytes: body.sentBytes(),
      error_type: type,
      err: message,
    });
  }
  return {
    async success(call, { warnings, clusters = noClusters, annotations, write, explain }) {
      // An answer that leaves before its end may still get warnings, so caches must not keep it.
      const head = (whole: boolean): ResponseHead => {
        const headers = whole && warnings().length === 0 ? plain : uncacheable;
        const said = completenessHeaders(clusters());
        return { status: 200, headers: { ...headers, ...said, ...(whole ? {} : announced) } };
      };
      let body: AnswerBody | undefined;
      try {
        body = createAnswerBody({ exchange: call.exchange, pool, memory, head });
        body.writer.raw(successPrefix);
        await write(body);
        const said = annotations?.();
        writeEnvelopeEnd(body.writer, [...warnings(), ...(said?.warnings ?? [])], said?.infos, clusters());
      } catch (reason) {
        return fail(call, body, explain?.(reason) ?? reason);
      }
      body.finish(completenessHeaders(clusters()));
    },
    error: sendError,
    noContent: (exchange) => exchange.send({ status: 204, headers: shared }, []),
  };
}

/** What follows an answer that leaves before its end. */
const announced = { Trailer: `${completenessHeader}, ${missingHeader}` };

const noClusters = (): readonly ClusterOutcome[] => [];

function pathOf(url: string): string {
  return new URL(url).pathname;
}

function stackOf(reason: unknown): string | undefined {
  return reason instanceof Error ? reason.stack : undefined;
}
