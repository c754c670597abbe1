import { Buffer } from "node:buffer";

/*
 * HTTP/2's frames (RFC 9113, section 4):   length u24 | type u8 | flags u8 | stream u31 | payload
 */

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const frameFlag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export const http2Error = {
  noError: 0,
  protocol: 1,
  flowControl: 3,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  enhanceYourCalm: 11,
} as const;

export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
} as const;

export const headSize = 9;
export const defaultFrameSize = 16_384;
export const defaultWindow = 65_535;
export const maxWindow = 0x7fff_ffff;

/** A peer that breaks HTTP/2: the connection cannot go on. */
export class Http2Broken extends Error {
  readonly http2Code: number;

  constructor(http2Code: number, problem: string) {
    super(problem);
    this.name = "Http2Broken";
    this.http2Code = http2Code;
  }
}

/** Collects frames until they are sent with one write. */
export class FrameWriter {
  #bytes = new Uint8Array(4096);
  #fill = 0;

  get sizeBytes(): number {
    return this.#fill;
  }

  /** All frames so far; the writer is empty then. */
  take(): Uint8Array {
    const taken = Buffer.allocUnsafe(this.#fill); // Small ones share memory.
    taken.set(this.#bytes.subarray(0, this.#fill));
    this.#fill = 0;
    if (this.#bytes.length > 65_536) this.#bytes = new Uint8Array(4096);
    return taken;
  }

  head(size: number, type: number, flags: number, stream: number): void {
    const at = this.#room(headSize + size);
    const bytes = this.#bytes;
    bytes[at] = size >>> 16;
    bytes[at + 1] = size >>> 8;
    bytes[at + 2] = size;
    bytes[at + 3] = type;
    bytes[at + 4] = flags;
    this.#fill = at + 5;
    this.uint32(stream);
  }

  /** Payload; its room must have been made by `head`, or it is made here. */
  raw(piece: Uint8Array): void {
    const at = this.#room(piece.length);
    this.#bytes.set(piece, at);
    this.#fill = at + piece.length;
  }

  uint32(value: number): void {
    const at = this.#room(4);
    const bytes = this.#bytes;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    this.#fill = at + 4;
  }

  settings(list: readonly (readonly [id: number, value: number])[]): void {
    this.head(6 * list.length, frameType.settings, 0, 0);
    for (const [id, value] of list) {
      const at = this.#room(2);
      this.#bytes[at] = id >>> 8;
      this.#bytes[at + 1] = id;
      this.#fill = at + 2;
      this.uint32(value);
    }
  }

  windowUpdate(stream: number, bytes: number): void {
    this.head(4, frameType.windowUpdate, 0, stream);
    this.uint32(bytes);
  }

  rstStream(stream: number, code: number): void {
    this.head(4, frameType.rstStream, 0, stream);
    this.uint32(code);
  }

  goaway(code: number): void {
    this.head(8, frameType.goaway, 0, 0);
    this.uint32(0);
    this.uint32(code);
  }

  ping(payload: Uint8Array, isAnswer: boolean): void {
    this.head(8, frameType.ping, isAnswer ? frameFlag.ack : 0, 0);
    this.raw(payload);
  }

  #room(size: number): number {
    const wanted = this.#fill + size;
    if (wanted > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(wanted, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.#fill));
      this.#bytes = grown;
    }
    return this.#fill;
  }
}

/** Hears of frames. What it throws goes through `FrameParser.push`. */
export interface FrameSink {
  /** Any frame but DATA, whole. The payload is the sink's until it returns. */
  onFrame(type: number, flags: number, stream: number, payload: Uint8Array): void;
  /**
   * A piece of a DATA frame, as it came; the bytes are the sink's until it returns. `flowBytes` counts padding too; `last` with
   * the end of a frame that ends its stream.
   */
  onData(stream: number, bytes: Uint8Array, flowBytes: number, last: boolean): void;
}

const noBytes = new Uint8Array(0);

/** Cuts a stream of bytes into frames. DATA is handed on without waiting for the rest of its frame, and not copied. */
export class FrameParser {
  readonly #sink: FrameSink;
  readonly #head = new Uint8Array(headSize);
  #headFill = 0;
  #type = 0;
  #flags = 0;
  #stream = 0;
  /** What is still to come of the frame; of DATA without its padding. */
  #left = 0;
  #padding = 0;
  #payload: Uint8Array = noBytes;
  #inFrame = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Throws Http2Broken for frames that are none, and what the sink throws. */
  push(bytes: Uint8Array): void {
    let pos = 0;
    while (pos < bytes.length) {
      if (!this.#inFrame) pos = this.#fillHead(bytes, pos);
      else if (this.#type === frameType.data) pos = this.#passData(bytes, pos);
      else pos = this.#fillPayload(bytes, pos);
    }
  }

  #fillHead(bytes: Uint8Array, from: number): number {
    const count = Math.min(headSize - this.#headFill, bytes.length - from);
    for (let i = 0; i < count; i++) this.#head[this.#headFill + i] = bytes[from + i] as number;
    this.#headFill += count;
    if (this.#headFill < headSize) return from + count;
    this.#headFill = 0;
    this.#begin();
    return from + count;
  }

  #begin(): void {
    const head = this.#head;
    const size = ((head[0] as number) << 16) | ((head[1] as number) << 8) | (head[2] as number);
    this.#type = head[3] as number;
    this.#flags = head[4] as number;
    this.#stream =
      (((head[5] as number) & 0x7f) << 24) |
      ((head[6] as number) << 16) |
      ((head[7] as number) << 8) |
      (head[8] as number);
    if (size > defaultFrameSize) throw new Http2Broken(http2Error.frameSize, `a frame of ${size} bytes`);
    this.#left = size;
    this.#padding = this.#type === frameType.data && (this.#flags & frameFlag.padded) !== 0 ? -1 : 0;
    if (this.#padding < 0 && size === 0) throw new Http2Broken(http2Error.protocol, "padding without room");
    this.#inFrame = true;
    if (size === 0) this.#end(noBytes);
    else if (this.#type !== frameType.data) this.#payload = noBytes;
  }

  /** A frame is over, or an empty one has come. */
  #end(payload: Uint8Array): void {
    this.#inFrame = false;
    this.#payload = noBytes;
    if (this.#type !== frameType.data) this.#sink.onFrame(this.#type, this.#flags, this.#stream, payload);
    else this.#sink.onData(this.#stream, noBytes, 0, (this.#flags & frameFlag.endStream) !== 0);
  }

  #fillPayload(bytes: Uint8Array, from: number): number {
    const size = this.#left;
    if (this.#payload.length === 0 && bytes.length - from >= size) {
      this.#end(bytes.subarray(from, from + size));
      return from + size;
    }
    if (this.#payload.length === 0) this.#payload = new Uint8Array(size);
    const payload = this.#payload;
    const count = Math.min(size, bytes.length - from);
    payload.set(bytes.subarray(from, from + count), payload.length - size);
    this.#left -= count;
    if (this.#left === 0) this.#end(payload);
    return from + count;
  }

  #passData(bytes: Uint8Array, from: number): number {
    if (this.#padding < 0) return this.#readPadding(bytes[from] as number, from);
    const count = Math.min(this.#left, bytes.length - from);
    if (count > 0) {
      this.#left -= count;
      const last = this.#left === 0 && this.#padding === 0;
      this.#inFrame = !last;
      const ends = last && (this.#flags & frameFlag.endStream) !== 0;
      this.#sink.onData(this.#stream, bytes.subarray(from, from + count), count, ends);
      return from + count;
    }
    const skipped = Math.min(this.#padding, bytes.length - from);
    this.#padding -= skipped;
    this.#inFrame = this.#padding > 0;
    const ends = !this.#inFrame && (this.#flags & frameFlag.endStream) !== 0;
    this.#sink.onData(this.#stream, noBytes, skipped, ends);
    return from + skipped;
  }

  #readPadding(size: number, from: number): number {
    if (size >= this.#left) throw new Http2Broken(http2Error.protocol, "more padding than frame");
    this.#padding = size;
    this.#left -= size + 1;
    this.#sink.onData(this.#stream, noBytes, 1, false);
    if (this.#left === 0 && size === 0) this.#end(noBytes);
    return from + 1;
  }
}
