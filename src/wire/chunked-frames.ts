import { GatewayError } from "../lib/errors.ts";
import { crc32c } from "./crc32c.ts";

/*
 * Frames of a streamed remote read:   size uvarint | CRC-32C of the payload, u32 big-endian | payload
 */

/** Prometheus's client accepts frames up to this size. */
export const chunkedFrameLimitBytes = 50_000_000;

const checksumSize = 4;

/** Takes the payloads out of a stream that arrives in pieces of any size. */
export interface ChunkedFrameReader {
  /**
   * Feeds the next piece; payloads it completes are appended to `out`: views of the piece where they lie in it whole,
   * else copied together once. Pieces must not be written to afterwards.
   * Throws GatewayError: `execution` for a frame above the limit, `internal` for a wrong checksum or a broken size.
   */
  push(piece: Uint8Array, out: Uint8Array[]): void;
  /** Throws GatewayError `internal` where the stream ends inside a frame, as it does when the server failed. */
  end(): void;
}

export function createChunkedFrameReader(limitBytes = chunkedFrameLimitBytes): ChunkedFrameReader {
  return new FrameReader(limitBytes);
}

class FrameReader implements ChunkedFrameReader {
  readonly #limitBytes: number;
  /** Of the frame being read: its size, bytes of that size seen, its checksum, bytes of that seen. */
  #size = 0;
  #sizeBytes = 0;
  #sizeDone = false;
  #checksum = 0;
  #checksumBytes = 0;
  /** A payload that began in an earlier piece. */
  #payload: Uint8Array | undefined;
  #filled = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  push(piece: Uint8Array, out: Uint8Array[]): void {
    let pos = 0;
    while (pos < piece.length) {
      if (!this.#sizeDone) this.#readSizeByte(piece[pos++] as number);
      else if (this.#checksumBytes < checksumSize) {
        this.#checksum = ((this.#checksum << 8) | (piece[pos++] as number)) >>> 0;
        this.#checksumBytes++;
        if (this.#checksumBytes === checksumSize && this.#size === 0)
          this.#deliver(piece.subarray(pos, pos), out);
      } else pos = this.#readPayload(piece, pos, out);
    }
  }

  end(): void {
    if (this.#sizeBytes > 0) {
      throw new GatewayError("internal", "Cannot read remote-read frame: the stream ended inside it");
    }
  }

  #readSizeByte(byte: number): void {
    this.#size += (byte & 127) * 2 ** (7 * this.#sizeBytes++);
    if (this.#size > this.#limitBytes || this.#sizeBytes > 5) {
      throw new GatewayError(
        "execution",
        `Cannot read remote-read frame: it has ${this.#size} bytes, wants at most ${this.#limitBytes}`,
      );
    }
    this.#sizeDone = byte < 128;
  }

  #readPayload(piece: Uint8Array, from: number, out: Uint8Array[]): number {
    const to = Math.min(piece.length, from + this.#size - this.#filled);
    if (this.#payload === undefined && to - from === this.#size) {
      this.#deliver(piece.subarray(from, to), out);
      return to;
    }
    this.#payload ??= new Uint8Array(this.#size);
    this.#payload.set(piece.subarray(from, to), this.#filled);
    this.#filled += to - from;
    if (this.#filled === this.#size) this.#deliver(this.#payload, out);
    return to;
  }

  #deliver(payload: Uint8Array, out: Uint8Array[]): void {
    const sum = crc32c(payload);
    if (sum !== this.#checksum) {
      throw new GatewayError(
        "internal",
        `Cannot read remote-read frame: its checksum is ${sum.toString(16)}, wants ${this.#checksum.toString(16)}`,
      );
    }
    this.#size = 0;
    this.#sizeBytes = 0;
    this.#sizeDone = false;
    this.#checksum = 0;
    this.#checksumBytes = 0;
    this.#payload = undefined;
    this.#filled = 0;
    out.push(payload);
  }
}
