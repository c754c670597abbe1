import type { BodySink, HttpExchange, ResponseHead } from "../runtime/http-server.ts";

/** One request to a route, and its way back. */
export interface ApiCall {
  readonly request: Request;
  readonly exchange: HttpExchange;
  /** Value of `:name` in the route's path, decoded. */
  pathParameter(name: string): string;
  readonly requestId: string;
  readonly tenant: string;
}

/** Answers a call through its exchange. A rejection is answered as an internal error where nothing was sent yet. */
export type RouteHandler = (call: ApiCall) => Promise<void>;

/** What left through an exchange. */
export interface SentAnswer {
  /** 0 where nothing was sent. */
  status: number;
  bytes: number;
}

/** The exchange, with what leaves counted into `sent`. */
export function observeExchange(exchange: HttpExchange, sent: SentAnswer): HttpExchange {
  return {
    signal: exchange.signal,
    remoteAddress: exchange.remoteAddress,
    send(head, body, done) {
      sent.status = head.status;
      for (const bytes of body) sent.bytes += bytes.length;
      exchange.send(head, body, done);
    },
    start(head: ResponseHead): BodySink {
      sent.status = head.status;
      const sink = exchange.start(head);
      return {
        ...sink,
        write(bytes, done) {
          sent.bytes += bytes.length;
          sink.write(bytes, done);
        },
      };
    },
  };
}
