import type {
  Http2Failure,
  Http2Headers,
  Http2Request,
  Http2Stream,
  Http2StreamHandler,
} from "./http2-call.ts";
import { Http2Broken, http2Error } from "./http2-frames.ts";

/** The session that a stream runs on. */
export interface StreamHost {
  /** What a stream may send before it is read. */
  readonly streamWindowBytes: number;
  /** Count of streams that this side has reset. */
  resets: number;
  /** Sends a stream's request, or lets it wait for its turn. */
  open(stream: ClientStream): void;
  /** Ends a stream on this side. */
  reset(stream: ClientStream, code: number): void;
  /** Forgets a stream that is over. */
  remove(stream: ClientStream): void;
  /** The reader of a stream has taken so much of it. */
  consumed(id: number, bytes: number): void;
  /** Why the connection ended, where it is known. */
  failure(): string | undefined;
}

/**
 * One call: from its start, over its wait for a connection, to its end. All of it in one object, as small calls are many.
 *
 *   start ─▶ sent ─▶ answered ─▶ ended ─▶ over        over at any time by cancel, reset or a lost connection
 */
export class ClientStream implements Http2Stream {
  readonly request: Http2Request;
  /** 0 until it is sent. */
  id = 0;
  sentBytes = 0;
  /** Bytes that the peer takes. */
  sendWindow = 0;
  isOver = false;
  readonly #handler: Http2StreamHandler;
  #host: StreamHost | undefined;
  #paused = false;
  #answered = false;
  /** Bytes that the reader has got and the peer was not told of. */
  #taken = 0;
  /** Bytes that the peer may still send. */
  #windowLeft = 0;

  constructor(request: Http2Request, handler: Http2StreamHandler) {
    this.request = request;
    this.#handler = handler;
  }

  send(host: StreamHost): void {
    this.#host = host;
    this.#windowLeft = host.streamWindowBytes;
    host.open(this);
  }

  opened(id: number, sendWindow: number): void {
    this.id = id;
    this.sendWindow = sendWindow;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.isOver) this.#grant();
  }

  cancel(): void {
    if (this.isOver) return;
    this.isOver = true;
    const host = this.#host;
    if (host === undefined) return;
    if (this.id !== 0) host.resets += 1;
    host.reset(this, http2Error.cancel);
  }

  fail(failure: Http2Failure): void {
    this.#finish(failure);
  }

  headers(headers: Http2Headers, last: boolean): void {
    if (this.isOver) return;
    if (this.#answered && !last) {
      this.#breakOff("headers amid the answer");
      return;
    }
    if (this.#answered) this.#handler.onTrailers(headers);
    else {
      const status = String(headers[":status"] ?? "");
      if (status.startsWith("1") && !last) return; // Only says that the answer is to come.
      this.#answered = true;
      this.#handler.onHeaders(Number(status), headers);
    }
    if (last) this.#end();
  }

  data(bytes: Uint8Array, flowBytes: number, last: boolean): void {
    if (this.isOver) return;
    this.#windowLeft -= flowBytes;
    if (this.#windowLeft < 0) throw new Http2Broken(http2Error.flowControl, "more DATA than the window");
    if (!this.#answered) this.#breakOff("bytes before the headers");
    else {
      this.#taken += flowBytes;
      if (!last) this.#grant();
      if (bytes.length > 0) this.#handler.onData(bytes);
    }
    if (last) this.#end();
  }

  wasReset(code: number): void {
    const refused = code === http2Error.refusedStream;
    // Without an error a stream is reset by a peer that is about to close the connection.
    const cut = code === http2Error.noError;
    this.#finish({
      kind: refused || (cut && !this.#answered) ? "unprocessed" : cut ? "lost" : "reset",
      resetCode: code,
      reason:
        this.#host?.failure() ??
        (code === 0
          ? "stream ended in the middle of the call"
          : `stream was reset by the peer (HTTP/2 error code ${code})`),
    });
  }

  lost(reason: () => string): void {
    this.#finish({ kind: this.#answered ? "lost" : "unprocessed", resetCode: 0, reason: reason() });
  }

  /** Opens the window again when half of it has been used, unless the reader has enough for now. */
  #grant(): void {
    const host = this.#host;
    if (host === undefined || this.#paused || this.#taken * 2 < host.streamWindowBytes) return;
    host.consumed(this.id, this.#taken);
    this.#windowLeft += this.#taken;
    this.#taken = 0;
  }

  #end(): void {
    if (this.isOver) return;
    this.#leave();
    this.#finish(undefined);
  }

  /** The peer has sent all; where it did not want all of the request, it is told that no more comes. */
  #leave(): void {
    if (this.sentBytes < this.request.body.length) this.#host?.reset(this, http2Error.cancel);
    else this.#host?.remove(this);
  }

  #breakOff(problem: string): void {
    this.#host?.reset(this, http2Error.protocol);
    this.#finish({
      kind: "reset",
      resetCode: http2Error.protocol,
      reason: `the peer broke HTTP/2: ${problem}`,
    });
  }

  #finish(failure: Http2Failure | undefined): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#handler.onEnd(failure);
  }
}
