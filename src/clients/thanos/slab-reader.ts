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

/** Slabs grow from the first to the last: most answers are small. */
const firstSlab = 16 * 1024;
const lastSlab = 256 * 1024;
const noSlab = new Uint8Array(0);

/**
 * Takes gRPC messages out of pieces of any size, by one copy into slabs that are used again.
 *
 *   slab   | prefix message | prefix message | prefix mess…        ← fill
 *                                            ↑ pos                   a message that does not fit moves to the next slab
 */
export class SlabReader {
  readonly #options: SlabReaderOptions;
  #slab: Uint8Array = noSlab;
  #pos = 0;
  #fill = 0;
  #full: Uint8Array[] = [];

  constructor(options: SlabReaderOptions) {
    this.#options = options;
  }

  /** Bytes of an unfinished message. */
  get heldBytes(): number {
    return this.#fill - this.#pos;
  }

  /** Throws GatewayError for frames that are none, and what the callbacks throw. */
  push(piece: Uint8Array): void {
    let from = 0;
    while (from < piece.length) {
      if (this.#fill === this.#slab.length)
        this.#nextSlab(this.heldBytes + Math.min(piece.length - from, lastSlab));
      const count = Math.min(piece.length - from, this.#slab.length - this.#fill);
      this.#slab.set(count === piece.length ? piece : piece.subarray(from, from + count), this.#fill);
      from += count;
      this.#fill += count;
      while (this.#fill - this.#pos >= framePrefixSize) {
        const end = this.#pos + framePrefixSize + this.#sizeAt(this.#pos);
        if (end > this.#fill) {
          if (end > this.#slab.length) this.#nextSlab(end - this.#pos);
          break;
        }
        const message = this.#slab.subarray(this.#pos + framePrefixSize, end);
        this.#pos = end;
        this.#options.onMessage(message);
      }
    }
  }

  /** Slabs that are full: they may be given back once the messages so far are not read any more. */
  takeFull(): Uint8Array[] {
    const taken = this.#full;
    this.#full = [];
    return taken;
  }

  /** All slabs that were not taken, when the stream is over. */
  takeRest(): Uint8Array[] {
    const rest = this.#full;
    if (this.#slab.length > 0) rest.push(this.#slab);
    this.#full = [];
    this.#slab = noSlab;
    this.#pos = 0;
    this.#fill = 0;
    return rest;
  }

  /** Goes on with a slab that has room for `needed` bytes from the unfinished message on. */
  #nextSlab(needed: number): void {
    const { pool, onTake } = this.#options;
    const slab = this.#slab;
    const wanted = Math.max(needed, Math.min(lastSlab, Math.max(firstSlab, slab.length * 4)));
    const next = pool.take(wanted);
    try {
      onTake(next.length);
    } catch (error) {
      pool.give(next);
      throw error;
    }
    next.set(slab.subarray(this.#pos, this.#fill));
    if (slab.length > 0) this.#full.push(slab);
    this.#slab = next;
    this.#fill -= this.#pos;
    this.#pos = 0;
  }

  #sizeAt(at: number): number {
    const slab = this.#slab;
    const flag = slab[at] as number;
    if (flag > 1) throw this.#broken("internal", `its flag is ${flag}, wants 0 or 1`);
    if (flag === 1) throw this.#broken("internal", "it is compressed, which was not agreed on");
    let size = 0;
    for (let i = 1; i < framePrefixSize; i++) size = size * 256 + (slab[at + i] as number);
    const { limitBytes } = this.#options;
    if (size > limitBytes)
      throw this.#broken("execution", `it has ${size} bytes, wants at most ${limitBytes}`);
    return size;
  }

  #broken(code: "internal" | "execution", problem: string): GatewayError {
    return frameError(this.#options.address, new GatewayError(code, `Cannot read gRPC message: ${problem}`));
  }
}
