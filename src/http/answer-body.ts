import type { BodySink, HttpExchange, ResponseHead } from "../runtime/http-server.ts";
import type { MemoryAccount } from "../store/store.ts";
import { type ChunkPool, chunkBytes } from "./chunk-pool.ts";
import { JsonWriter } from "./json/json-writer.ts";

/** Bytes of an answer that wait for its status; more, and status and headers go. */
export const heldBytes = 1_048_576;

/** Chunks on their way to the client at which writing pauses, and at which it goes on. */
const pauseAt = 16;
const resumeAt = 4;

export interface AnswerBodyOptions {
  readonly exchange: HttpExchange;
  readonly pool: ChunkPool;
  readonly memory: MemoryAccount;
  /** Asked once, when the answer leaves; `whole` is false where its end is not known yet. */
  readonly head: (whole: boolean) => ResponseHead;
}

/**
 * An answer that is written while its data are still coming.
 *
 *   writer ─► chunks held (up to 1 MiB) ──finish──► whole answer with its length
 *                    └──── more ────► status and headers, chunks as they fill ──finish──► end
 *                                                                             └─abandon─► connection reset
 *
 * Exactly one of `finish` and `abandon` ends it. A chunk counts against the query's memory until the client has it.
 */
export interface AnswerBody {
  readonly writer: JsonWriter;
  /** A promise to wait for where the client is behind, `undefined` where there is room. */
  drain(): Promise<void> | undefined;
  /** `trailers` follow an answer that has begun to leave before. */
  finish(trailers?: Readonly<Record<string, string>>): void;
  /** Drops what is held. Where the answer has begun to leave the connection is reset; tells whether it had. */
  abandon(): boolean;
  /** Bytes handed over so far. */
  sentBytes(): number;
}

export function createAnswerBody({ exchange, pool, memory, head }: AnswerBodyOptions): AnswerBody {
  const held: Uint8Array[] = [];
  let heldSize = 0;
  let sink: BodySink | undefined;
  let sent = 0;
  let onTheWay = 0;
  let wake: (() => void) | undefined;

  const take = (): Uint8Array => {
    memory.take(chunkBytes);
    return pool.take();
  };
  const giveBack = (piece: Uint8Array): void => {
    memory.give(chunkBytes);
    pool.give(new Uint8Array(piece.buffer));
  };
  const write = (open: BodySink, piece: Uint8Array): void => {
    sent += piece.length;
    onTheWay++;
    open.write(piece, () => {
      giveBack(piece);
      onTheWay--;
      if (onTheWay <= resumeAt) wake?.();
    });
  };
  const begin = (): BodySink => {
    const open = exchange.start(head(false));
    for (const piece of held.splice(0)) write(open, piece);
    return open;
  };
  const pass = (piece: Uint8Array): void => {
    if (sink === undefined && heldSize + piece.length <= heldBytes) {
      held.push(piece);
      heldSize += piece.length;
      return;
    }
    sink ??= begin();
    write(sink, piece);
  };
  const writer = new JsonWriter(take(), (chunk, length) => {
    const next = take();
    pass(chunk.subarray(0, length));
    return next;
  });
  return {
    writer,
    drain() {
      if (onTheWay < pauseAt) return undefined;
      return new Promise((resolve) => {
        wake = resolve;
      });
    },
    finish(trailers) {
      const last = writer.bytes.subarray(0, writer.at);
      if (sink !== undefined) {
        write(sink, last);
        sink.end(trailers);
        return;
      }
      const whole = [...held.splice(0), last];
      sent = heldSize + last.length;
      exchange.send(head(true), whole, () => whole.forEach(giveBack));
    },
    abandon() {
      for (const piece of [...held.splice(0), writer.bytes]) giveBack(piece);
      sink?.reset();
      return sink !== undefined;
    },
    sentBytes: () => sent,
  };
}
