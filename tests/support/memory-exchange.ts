import type { HttpExchange, ResponseHead } from "../../src/runtime/http-server.ts";

/** What came back through an exchange. */
export interface ReceivedAnswer extends ResponseHead {
  readonly text: string;
  /** Whether it left before its end was known. */
  readonly streamed: boolean;
  /** Whether the connection was reset instead of ended. */
  readonly reset: boolean;
}

export interface MemoryExchange extends HttpExchange {
  /** Resolves when the answer has ended one way or the other. */
  readonly answer: Promise<ReceivedAnswer>;
  /** The client goes away. */
  leave(): void;
  /** Chunks that were handed over and not yet taken by `release`; only where `slow` is set. */
  waiting(): number;
  /** A slow client takes what waits. */
  release(): void;
}

/** An exchange that keeps what is sent; a slow one gives chunks back only when told to. */
export function createMemoryExchange(options: { readonly slow?: boolean } = {}): MemoryExchange {
  const client = new AbortController();
  const { promise: answer, resolve } = Promise.withResolvers<ReceivedAnswer>();
  const decoder = new TextDecoder();
  const waiting: (() => void)[] = [];
  let text = "";
  const release = () => {
    for (const done of waiting.splice(0)) done();
  };
  return {
    answer,
    signal: client.signal,
    remoteAddress: "127.0.0.1",
    leave: () => client.abort(new DOMException("the client went away", "AbortError")),
    waiting: () => waiting.length,
    release,
    send(head, body, done) {
      for (const bytes of body) text += decoder.decode(bytes, { stream: true });
      done?.();
      resolve({ ...head, text, streamed: false, reset: false });
    },
    start(head) {
      return {
        write(bytes, done) {
          text += decoder.decode(bytes, { stream: true });
          if (options.slow) waiting.push(done);
          else done();
        },
        end: () => resolve({ ...head, text, streamed: true, reset: false }),
        reset: () => resolve({ ...head, text, streamed: true, reset: true }),
      };
    },
  };
}
