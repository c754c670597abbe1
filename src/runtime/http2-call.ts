/** Names are lower-case; a name that came more than once has an array. */
export type Http2Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Http2Request {
  readonly path: string;
  /** `:authority`, where it is not the address. */
  readonly authority: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Why a stream ended before its time. */
export interface Http2Failure {
  /** dial: no connection came about · unprocessed: the peer never began · reset: the peer reset the stream · lost: the connection ended. */
  readonly kind: "dial" | "unprocessed" | "reset" | "lost";
  /** HTTP/2 error code of a reset, else 0. */
  readonly resetCode: number;
  readonly reason: string;
}

/** Hears of one stream. `onEnd` is the last call; after `cancel` there is none. Must not throw. */
export interface Http2StreamHandler {
  onHeaders(status: number, headers: Http2Headers): void;
  /** The bytes are lent until this returns. A paused stream brings what its window still lets in. */
  onData(bytes: Uint8Array): void;
  onTrailers(headers: Http2Headers): void;
  onEnd(failure: Http2Failure | undefined): void;
}

export interface Http2Stream {
  /** Opens the peer's window no further until `resume`. */
  pause(): void;
  resume(): void;
  /** Resets the stream with CANCEL at once. */
  cancel(): void;
}
