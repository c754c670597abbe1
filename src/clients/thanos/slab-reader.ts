import { GatewayError } from "../../lib/errors.ts";
import type { SlabPool } from "../../lib/slab-pool.ts";
import { framePrefixSize } from "../../wire/grpc-frames.ts";
import { frameError } from "./grpc-errors.ts";

export interface SlabReaderOptions {
  readonly pool: SlabPool;
  /** Named in errors. */
  readonly address: string;
  readonly limitBytes: number;
  /** Called for each whole message, a view of a slab. */
  readonly onMessage: (message: Uint8Array) => void;
  /** Counts a slab; may throw. */
  readonly onTake: (sizeBytes: number) => void;
}

/** Takes gRPC messages out of pieces of any size, by one copy into slabs that are used again. */
export interface SlabReader {
  /** Throws GatewayError for frames that are none, and what the callbacks throw. */
  push(piece: Uint8Array): void;
  /** Bytes of an unfinished message. */
  readonly heldBytes: number;
  /** Slabs that are full: they may be given back once the messages so far are not read any more. */
  takeFull(): Uint8Array[];
  /** All slabs that were not taken, when the stream is over. */
  takeRest(): Uint8Array[];
}

/** Slabs grow from the first to the last: most answers are small. */
const firstSlab = 16 * 1024;
const lastSlab = 256 * 1024;

/**
 *   slab   | prefix message | prefix message | prefix mess…        ← fill
 *                                            ↑ pos                   a message that does not fit moves to the next slab
 */
export function createSlabReader(options: SlabReaderOptions): SlabReader {
  const { pool, address, limitBytes, onMessage, onTake } = options;
  let slab: Uint8Array = new Uint8Array(0);
  let pos = 0;
  let fill = 0;
  let full: Uint8Array[] = [];

  /** Goes on with a slab that has room for `needed` bytes from `pos`. */
  const nextSlab = (needed: number) => {
    const wanted = Math.max(needed, Math.min(lastSlab, Math.max(firstSlab, slab.length * 4)));
    const next = pool.take(wanted);
    try {
      onTake(next.length);
    } catch (error) {
      pool.give(next);
      throw error;
    }
    next.set(slab.subarray(pos, fill));
    if (slab.length > 0) full.push(slab);
    slab = next;
    fill -= pos;
    pos = 0;
  };
  const broken = (code: "internal" | "execution", problem: string) =>
    frameError(address, new GatewayError(code, `Cannot read gRPC message: ${problem}`));
  const sizeAt = (at: number): number => {
    const flag = slab[at] as number;
    if (flag > 1) throw broken("internal", `its flag is ${flag}, wants 0 or 1`);
    if (flag === 1) throw broken("internal", "it is compressed, which was not agreed on");
    let size = 0;
    for (let i = 1; i < framePrefixSize; i++) size = size * 256 + (slab[at + i] as number);
    if (size > limitBytes) throw broken("execution", `it has ${size} bytes, wants at most ${limitBytes}`);
    return size;
  };

  return {
    get heldBytes() {
      return fill - pos;
    },
    push(piece) {
      let from = 0;
      while (from < piece.length) {
        if (fill === slab.length) nextSlab(fill - pos + Math.min(piece.length - from, lastSlab));
        const count = Math.min(piece.length - from, slab.length - fill);
        slab.set(count === piece.length ? piece : piece.subarray(from, from + count), fill);
        from += count;
        fill += count;
        while (fill - pos >= framePrefixSize) {
          const end = pos + framePrefixSize + sizeAt(pos);
          if (end > fill) {
            if (end > slab.length) nextSlab(end - pos);
            break;
          }
          const message = slab.subarray(pos + framePrefixSize, end);
          pos = end;
          onMessage(message);
        }
      }
    },
    takeFull() {
      const taken = full;
      full = [];
      return taken;
    },
    takeRest() {
      const rest = slab.length > 0 ? [...full, slab] : full;
      full = [];
      slab = new Uint8Array(0);
      pos = 0;
      fill = 0;
      return rest;
    },
  };
}
