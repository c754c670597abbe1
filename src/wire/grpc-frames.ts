import { GatewayError } from "../lib/errors.ts";

/*
 * gRPC's length-prefixed messages:   compressed u8 (0 or 1) | length u32 big-endian | message
 */

/** Bytes before each message. */
export const framePrefixSize = 5;

/** Takes the messages out of a stream of bytes that arrives in pieces of any size. */
export interface Deframer {
  /**
   * Feeds the next piece. Messages it completes are appended to `out`: views of the piece where they lie in it whole,
   * else copied together once. Pieces must not be written to afterwards.
   * Throws GatewayError: `execution` for a message above the limit, `internal` for a compressed one without `inflate`
   * or for a prefix that is none. The deframer is of no use after that.
   */
  push(piece: Uint8Array, out: Uint8Array[]): void;
  /** Throws GatewayError `internal` where the stream ends inside a message. */
  end(): void;
  /** Bytes of an unfinished message that are held. */
  readonly heldBytes: number;
}

export interface DeframerOptions {
  /** Largest message that is accepted. */
  readonly limitBytes: number;
  /** Undoes the compression that was negotiated; without it compressed messages are refused. */
  readonly inflate?: (message: Uint8Array) => Uint8Array;
}

export function createDeframer(options: DeframerOptions): Deframer {
  return new FrameReader(options);
}

class FrameReader implements Deframer {
  readonly #options: DeframerOptions;
  readonly #prefix = new Uint8Array(framePrefixSize);
  #prefixSize = 0;
  /** The unfinished message, `undefined` while its prefix is not whole. */
  #message: Uint8Array | undefined;
  #messageSize = 0;

  constructor(options: DeframerOptions) {
    this.#options = options;
  }

  get heldBytes(): number {
    return this.#prefixSize + this.#messageSize;
  }

  push(piece: Uint8Array, out: Uint8Array[]): void {
    let pos = 0;
    while (pos < piece.length) {
      if (this.#message !== undefined) pos = this.#fill(this.#message, piece, pos, out);
      else if (this.#prefixSize > 0 || piece.length - pos < framePrefixSize)
        pos = this.#fillPrefix(piece, pos, out);
      else {
        const size = this.#sizeOf(piece, pos);
        const start = pos + framePrefixSize;
        if (start + size > piece.length) {
          pos = this.#fillPrefix(piece, pos, out);
          continue;
        }
        pos = start + size;
        this.#deliver(piece[start - framePrefixSize] as number, piece.subarray(start, pos), out);
      }
    }
  }

  end(): void {
    if (this.heldBytes > 0) {
      throw new GatewayError("internal", "Cannot read gRPC message: the stream ended inside it");
    }
  }

  #fillPrefix(piece: Uint8Array, from: number, out: Uint8Array[]): number {
    let pos = from;
    while (this.#prefixSize < framePrefixSize && pos < piece.length) {
      this.#prefix[this.#prefixSize++] = piece[pos++] as number;
    }
    if (this.#prefixSize < framePrefixSize) return pos;
    const size = this.#sizeOf(this.#prefix, 0);
    this.#message = new Uint8Array(size);
    this.#messageSize = 0;
    return size === 0 ? this.#fill(this.#message, piece, pos, out) : pos;
  }

  #fill(message: Uint8Array, piece: Uint8Array, from: number, out: Uint8Array[]): number {
    const to = Math.min(piece.length, from + message.length - this.#messageSize);
    message.set(piece.subarray(from, to), this.#messageSize);
    this.#messageSize += to - from;
    if (this.#messageSize === message.length) {
      this.#message = undefined;
      this.#prefixSize = 0;
      this.#messageSize = 0;
      this.#deliver(this.#prefix[0] as number, message, out);
    }
    return to;
  }

  #sizeOf(bytes: Uint8Array, at: number): number {
    const flag = bytes[at] as number;
    if (flag > 1)
      throw new GatewayError("internal", `Cannot read gRPC message: its flag is ${flag}, wants 0 or 1`);
    let size = 0;
    for (let i = 1; i < framePrefixSize; i++) size = size * 256 + (bytes[at + i] as number);
    const { limitBytes } = this.#options;
    if (size > limitBytes) {
      throw new GatewayError(
        "execution",
        `Cannot read gRPC message: it has ${size} bytes, wants at most ${limitBytes}`,
      );
    }
    return size;
  }

  #deliver(flag: number, message: Uint8Array, out: Uint8Array[]): void {
    if (flag === 0) {
      out.push(message);
      return;
    }
    const { inflate } = this.#options;
    if (inflate === undefined) {
      throw new GatewayError(
        "internal",
        "Cannot read gRPC message: it is compressed, which was not agreed on",
      );
    }
    out.push(inflate(message));
  }
}

/** A message with its prefix, uncompressed; copied. */
export function encodeFrame(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(framePrefixSize + message.length);
  writeFramePrefix(frame, 0, message.length);
  frame.set(message, framePrefixSize);
  return frame;
}

/** Writes the prefix of an uncompressed message; returns the offset past it. */
export function writeFramePrefix(out: Uint8Array, at: number, size: number): number {
  out[at] = 0;
  out[at + 1] = size >>> 24;
  out[at + 2] = size >>> 16;
  out[at + 3] = size >>> 8;
  out[at + 4] = size;
  return at + framePrefixSize;
}
