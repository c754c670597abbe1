import type { Socket } from "node:net";
import { setImmediate } from "node:timers";
import {
  defaultFrameSize,
  defaultWindow,
  FrameParser,
  type FrameSink,
  FrameWriter,
  frameFlag,
  frameType,
  Http2Broken,
  http2Error,
  maxWindow,
  setting,
} from "./http2-frames.ts";
import { type HeaderBlock, HeaderReader, RequestEncoder } from "./http2-headers.ts";
import type { ClientStream, StreamHost } from "./http2-stream.ts";

/** What happens to a session as a whole. */
export interface SessionEvents {
  /** The peer's SETTINGS are in. */
  onReady(): void;
  /** Bytes came in. */
  onBytes(): void;
  /** No new streams from here on. */
  onGoaway(code: number): void;
  /** The peer broke HTTP/2; the socket is to be destroyed. */
  onBroken(reason: string): void;
  /** The first stream has opened, or the last one is over. */
  onBusy(busy: boolean): void;
  /** Why the connection ended, where it is known. */
  failure(): string | undefined;
}

export interface SessionOptions {
  readonly socket: Socket;
  /** Reads the socket from now on; bytes are lent until the listener returns. */
  readonly read: (listener: (bytes: Uint8Array) => void) => void;
  readonly isTls: boolean;
  readonly authority: string;
  /** What one stream may send before it is read; the session may send twice that. */
  readonly streamWindowBytes: number;
  readonly events: SessionEvents;
}

const preface = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** Unsent bytes that a peer can cause by asking for answers before it is taken for an attack. */
const maxAnswerBytes = 1_048_576;
const lastStreamId = maxWindow;

/**
 * The client's side of one HTTP/2 connection (RFC 9113), as far as calls that send one message need it: no push, no
 * priorities, no header table for what it sends. node:http2 costs a small call three times as much, most of it in objects.
 *
 *   socket ─▶ FrameParser ─▶ Session ─▶ ClientStream ─▶ handler
 *   socket ◀── one write a turn ◀── FrameWriter ◀── Session
 */
export class Http2Session implements FrameSink, StreamHost {
  readonly streamWindowBytes: number;
  resets = 0;
  /** Whether any call was answered so far. */
  hasAnswered = false;
  readonly #streams = new Map<number, ClientStream>();
  readonly #socket: Socket;
  readonly #options: SessionOptions;
  readonly #writer = new FrameWriter();
  readonly #parser = new FrameParser(this);
  readonly #headers = new HeaderReader();
  readonly #pings: (() => void)[] = [];
  /** Streams that wait for one of those before them to end, and such whose body waits for the peer's window. */
  readonly #queue = new Set<ClientStream>();
  readonly #blocked = new Set<ClientStream>();
  readonly #requests: RequestEncoder;
  readonly #flushLater = () => {
    this.#flushes = false;
    this.flush();
  };
  #flushes = false;
  #nextId = 1;
  #isReady = false;
  #isClosing = false;
  #isOver = false;
  #peerFrameSize = defaultFrameSize;
  #peerStreamWindow = defaultWindow;
  #peerStreams = Number.POSITIVE_INFINITY;
  #sendWindow = defaultWindow;
  #window: number;
  #windowLeft: number;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.streamWindowBytes = options.streamWindowBytes;
    this.#requests = new RequestEncoder(options.isTls ? "https" : "http", options.authority);
    this.#window = Math.max(options.streamWindowBytes * 2, defaultWindow);
    this.#windowLeft = this.#window;
  }

  failure(): string | undefined {
    return this.#options.events.failure();
  }

  /** Whether a new stream may be opened. */
  get isOpen(): boolean {
    return !this.#isClosing && !this.#isOver && this.#nextId < lastStreamId;
  }

  /** The socket is connected: says hello and reads from here on. */
  begin(): void {
    this.#writer.raw(preface);
    this.#writer.settings([
      [setting.enablePush, 0],
      [setting.initialWindowSize, this.streamWindowBytes],
    ]);
    if (this.#window > defaultWindow) this.#writer.windowUpdate(0, this.#window - defaultWindow);
    this.flush();
    this.#options.read((bytes) => this.#read(bytes));
  }

  open(stream: ClientStream): void {
    if (this.#streams.size >= this.#peerStreams) {
      this.#queue.add(stream);
      return;
    }
    const id = this.#nextId;
    this.#nextId += 2;
    this.#streams.set(id, stream);
    if (this.#streams.size === 1) this.#options.events.onBusy(true);
    stream.opened(id, this.#peerStreamWindow);
    this.#writeHeaders(stream, id);
    this.#sendBody(stream);
    this.#flushSoon();
  }

  reset(stream: ClientStream, code: number): void {
    this.#queue.delete(stream);
    if (stream.id === 0 || !this.#streams.has(stream.id)) return;
    this.#writer.rstStream(stream.id, code);
    this.#flushSoon();
    this.remove(stream);
  }

  remove(stream: ClientStream): void {
    this.#blocked.delete(stream);
    if (!this.#streams.delete(stream.id)) return;
    for (const waiting of this.#queue) {
      if (this.#streams.size >= this.#peerStreams) break;
      this.#queue.delete(waiting);
      this.open(waiting);
    }
    if (this.#streams.size === 0) this.#options.events.onBusy(false);
    if (this.#isClosing) this.#endWhereIdle();
  }

  consumed(stream: number, bytes: number): void {
    this.#writer.windowUpdate(stream, bytes);
    this.#flushSoon();
  }

  /** Calls `done` when the peer has answered. */
  ping(done: () => void): void {
    this.#pings.push(done);
    this.#writer.ping(new Uint8Array(8), false);
    this.flush();
  }

  /** Opens no more streams; the connection ends when the last one has. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#endWhereIdle();
  }

  /** The socket is gone: all streams that cannot come to an end are told so. */
  lost(reason: () => string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const left = [...this.#streams.values(), ...this.#queue];
    this.#queue.clear();
    this.#streams.clear();
    for (const stream of left) stream.lost(reason);
  }

  flush(): void {
    if (this.#writer.sizeBytes === 0 || this.#socket.destroyed || !this.#socket.writable) return;
    this.#socket.write(this.#writer.take());
  }

  onFrame(type: number, flags: number, stream: number, payload: Uint8Array): void {
    if (!this.#isReady && (type !== frameType.settings || (flags & frameFlag.ack) !== 0)) throw notHttp2();
    this.#headers.check(type, stream);
    if (type === frameType.headers) {
      if (stream === 0 || stream >= this.#nextId) throw broken("HEADERS of no stream");
      this.#onHeaders(this.#headers.begin(flags, stream, payload));
    } else if (type === frameType.continuation) this.#onHeaders(this.#headers.goOn(flags, payload));
    else if (type === frameType.rstStream) this.#onReset(stream, uint32Of(payload, 4));
    else if (type === frameType.settings) this.#onSettings(flags, payload);
    else if (type === frameType.ping) this.#onPing(flags, payload);
    else if (type === frameType.goaway) this.#onGoaway(payload);
    else if (type === frameType.windowUpdate) this.#onWindow(stream, uint32Of(payload, 4) & maxWindow);
    else if (type === frameType.pushPromise) throw broken("a push that was not allowed");
  }

  onData(id: number, bytes: Uint8Array, flowBytes: number, last: boolean): void {
    if (!this.#isReady) throw notHttp2();
    this.#headers.check(frameType.data, id);
    if (id === 0 || id >= this.#nextId) throw broken("DATA of no stream");
    this.#windowLeft -= flowBytes;
    if (this.#windowLeft < 0) throw new Http2Broken(http2Error.flowControl, "more DATA than the window");
    if (this.#windowLeft * 2 <= this.#window) {
      this.#writer.windowUpdate(0, this.#window - this.#windowLeft);
      this.#windowLeft = this.#window;
    }
    this.#streams.get(id)?.data(bytes, flowBytes, last);
  }

  #read(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#options.events.onBytes();
    try {
      this.#parser.push(bytes);
      if (this.#writer.sizeBytes > maxAnswerBytes) throw broken("too many frames that want an answer");
    } catch (error) {
      const code = error instanceof Http2Broken ? error.http2Code : http2Error.protocol;
      this.#writer.goaway(code);
      this.flush();
      this.#options.events.onBroken(error instanceof Error ? error.message : String(error));
      return;
    }
    this.flush();
  }

  #flushSoon(): void {
    if (this.#flushes) return;
    this.#flushes = true;
    setImmediate(this.#flushLater);
  }

  #endWhereIdle(): void {
    if (this.#streams.size > 0 || this.#queue.size > 0 || this.#isOver) return;
    this.#writer.goaway(http2Error.noError);
    this.flush();
    this.#socket.end();
  }

  #writeHeaders({ request }: ClientStream, id: number): void {
    const parts = this.#requests.partsOf(request);
    const endStream = request.body.length === 0 ? frameFlag.endStream : 0;
    let left = 0;
    for (const part of parts) left += part.length;
    let room = Math.min(left, this.#peerFrameSize);
    this.#writer.head(room, frameType.headers, endStream | (room === left ? frameFlag.endHeaders : 0), id);
    for (const part of parts) {
      for (let from = 0; from < part.length; ) {
        if (room === 0) {
          room = Math.min(left, this.#peerFrameSize);
          this.#writer.head(room, frameType.continuation, room === left ? frameFlag.endHeaders : 0, id);
        }
        const size = Math.min(room, part.length - from);
        this.#writer.raw(size === part.length ? part : part.subarray(from, from + size));
        from += size;
        room -= size;
        left -= size;
      }
    }
  }

  /** Sends of a stream's body what the windows let. */
  #sendBody(stream: ClientStream): void {
    const { body } = stream.request;
    while (stream.sentBytes < body.length) {
      const from = stream.sentBytes;
      const size = Math.min(body.length - from, this.#peerFrameSize, this.#sendWindow, stream.sendWindow);
      if (size <= 0) {
        this.#blocked.add(stream);
        return;
      }
      const last = from + size === body.length;
      this.#writer.head(size, frameType.data, last ? frameFlag.endStream : 0, stream.id);
      this.#writer.raw(body.subarray(from, from + size));
      stream.sentBytes += size;
      stream.sendWindow -= size;
      this.#sendWindow -= size;
    }
    this.#blocked.delete(stream);
  }

  #onHeaders(read: HeaderBlock | undefined): void {
    if (read === undefined) return;
    this.hasAnswered = true;
    this.#streams.get(read.stream)?.headers(read.headers, read.last);
  }

  #onReset(id: number, code: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.remove(stream);
    stream.wasReset(code);
  }

  #onSettings(flags: number, payload: Uint8Array): void {
    if ((flags & frameFlag.ack) !== 0) return;
    if (payload.length % 6 !== 0) throw new Http2Broken(http2Error.frameSize, "SETTINGS that are cut off");
    for (let at = 0; at < payload.length; at += 6) {
      const id = ((payload[at] as number) << 8) | (payload[at + 1] as number);
      this.#apply(id, uint32At(payload, at + 2));
    }
    this.#writer.head(0, frameType.settings, frameFlag.ack, 0);
    if (this.#isReady) return;
    this.#isReady = true;
    this.#options.events.onReady();
  }

  #apply(id: number, value: number): void {
    if (id === setting.maxConcurrentStreams) this.#peerStreams = value;
    if (id === setting.maxFrameSize) {
      if (value < defaultFrameSize) throw broken(`frames of at most ${value} bytes`);
      this.#peerFrameSize = defaultFrameSize; // Larger ones are no faster.
    }
    if (id !== setting.initialWindowSize) return;
    if (value > maxWindow) throw new Http2Broken(http2Error.flowControl, `a window of ${value} bytes`);
    for (const stream of this.#streams.values()) stream.sendWindow += value - this.#peerStreamWindow;
    this.#peerStreamWindow = value;
    for (const stream of [...this.#blocked]) this.#sendBody(stream);
  }

  #onPing(flags: number, payload: Uint8Array): void {
    if (payload.length !== 8) throw new Http2Broken(http2Error.frameSize, "a PING that is none");
    if ((flags & frameFlag.ack) === 0) this.#writer.ping(payload, true);
    else this.#pings.shift()?.();
  }

  #onGoaway(payload: Uint8Array): void {
    if (payload.length < 8) throw new Http2Broken(http2Error.frameSize, "a GOAWAY that is none");
    const lastId = uint32At(payload, 0) & maxWindow;
    this.#isClosing = true;
    this.#options.events.onGoaway(uint32At(payload, 4));
    const untouched = [...this.#streams.values()].filter(({ id }) => id > lastId).concat(...this.#queue);
    this.#queue.clear();
    for (const stream of untouched) {
      this.#streams.delete(stream.id);
      stream.wasReset(http2Error.refusedStream);
    }
    this.#endWhereIdle();
  }

  #onWindow(id: number, bytes: number): void {
    if (id === 0) {
      this.#sendWindow += bytes;
      if (bytes === 0 || this.#sendWindow > maxWindow)
        throw new Http2Broken(http2Error.flowControl, "a window that is too large");
      for (const stream of [...this.#blocked]) this.#sendBody(stream);
      return;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    stream.sendWindow += bytes;
    if (this.#blocked.has(stream)) this.#sendBody(stream);
  }
}

function uint32At(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

/** The number that a frame of this size is. */
function uint32Of(payload: Uint8Array, size: number): number {
  if (payload.length !== size) throw new Http2Broken(http2Error.frameSize, "a frame that is too short");
  return uint32At(payload, 0);
}

function broken(problem: string): Http2Broken {
  return new Http2Broken(http2Error.protocol, problem);
}

function notHttp2(): Http2Broken {
  return broken("no SETTINGS came first");
}
