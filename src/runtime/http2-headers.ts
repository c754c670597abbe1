import { createHpackDecoder } from "../lib/hpack/hpack-decoder.ts";
import { encodeFields, noTable } from "../lib/hpack/hpack-encoder.ts";
import type { Http2Headers, Http2Request } from "./http2-call.ts";
import { frameFlag, frameType, Http2Broken, http2Error } from "./http2-frames.ts";

const maxTableBytes = 4096;
/** More headers than this in one block break the connection. */
const maxBlockBytes = 1_048_576;

/** What one HEADERS frame and its CONTINUATIONs say. */
export interface HeaderBlock {
  readonly stream: number;
  readonly headers: Http2Headers;
  /** Whether the stream ends with them. */
  readonly last: boolean;
}

/** Puts header blocks together and decodes them, also those of streams that are over: the table is the connection's. */
export class HeaderReader {
  readonly #decoder = createHpackDecoder(maxTableBytes);
  #open: { readonly stream: number; readonly flags: number; bytes: Uint8Array } | undefined;

  /** Throws where another frame comes amid a block. */
  check(type: number, stream: number): void {
    if (this.#open === undefined) return;
    if (type !== frameType.continuation || stream !== this.#open.stream)
      throw new Http2Broken(http2Error.protocol, "a header block is broken off");
  }

  /** `undefined` where more of the block is to come. */
  begin(flags: number, stream: number, payload: Uint8Array): HeaderBlock | undefined {
    let from = 0;
    let to = payload.length;
    if ((flags & frameFlag.padded) !== 0) to -= payload[from++] ?? 0;
    if ((flags & frameFlag.priority) !== 0) from += 5;
    if (from > to) throw new Http2Broken(http2Error.protocol, "more padding than frame");
    const block = payload.subarray(from, to);
    if ((flags & frameFlag.endHeaders) !== 0) return this.#decode(stream, flags, block);
    this.#open = { stream, flags, bytes: new Uint8Array(block) };
    return undefined;
  }

  goOn(flags: number, payload: Uint8Array): HeaderBlock | undefined {
    const open = this.#open;
    if (open === undefined) throw new Http2Broken(http2Error.protocol, "CONTINUATION of no header block");
    const bytes = new Uint8Array(open.bytes.length + payload.length);
    if (payload.length === 0 || bytes.length > maxBlockBytes) throw tooMany();
    bytes.set(open.bytes);
    bytes.set(payload, open.bytes.length);
    open.bytes = bytes;
    if ((flags & frameFlag.endHeaders) === 0) return undefined;
    this.#open = undefined;
    return this.#decode(open.stream, open.flags, bytes);
  }

  #decode(stream: number, flags: number, block: Uint8Array): HeaderBlock {
    const headers: Record<string, string | string[]> = {};
    let size = 0;
    const add = (name: string, value: string) => {
      size += name.length + value.length + 32;
      if (size > maxBlockBytes) throw tooMany();
      const known = headers[name];
      if (known === undefined) headers[name] = value;
      else headers[name] = typeof known === "string" ? [known, value] : [...known, value];
    };
    try {
      this.#decoder.decode(block, add);
    } catch (error) {
      if (error instanceof Http2Broken) throw error;
      throw new Http2Broken(http2Error.compression, error instanceof Error ? error.message : String(error));
    }
    return { stream, headers, last: (flags & frameFlag.endStream) !== 0 };
  }
}

function tooMany(): Http2Broken {
  return new Http2Broken(http2Error.enhanceYourCalm, "too many headers");
}

/** Encodes the headers of requests. */
export class RequestEncoder {
  readonly #scheme: string;
  readonly #authority: string;
  /** Fields that all requests to a path begin with. */
  readonly #leads = new Map<string, Uint8Array>();
  #isFirst = true;

  constructor(scheme: "http" | "https", authority: string) {
    this.#scheme = scheme;
    this.#authority = authority;
  }

  /** The header block of a request, in parts. Must be called in the order in which the blocks are sent. */
  partsOf({ path, authority = this.#authority, headers }: Http2Request): readonly Uint8Array[] {
    const parts = [this.#leadOf(path, authority), encodedOnce(headers)];
    if (this.#isFirst) parts.unshift(noTable);
    this.#isFirst = false;
    return parts;
  }

  #leadOf(path: string, authority: string): Uint8Array {
    const key = `${path}\n${authority}`;
    let lead = this.#leads.get(key);
    if (lead === undefined) {
      lead = encodeFields([
        [":method", "POST"],
        [":scheme", this.#scheme],
        [":path", path],
        [":authority", authority],
      ]);
      this.#leads.set(key, lead);
    }
    return lead;
  }
}

/** Headers that were encoded last: calls that belong together share theirs, whatever the connection. */
let encoded: { readonly headers: Http2Request["headers"]; readonly bytes: Uint8Array } | undefined;

function encodedOnce(headers: Http2Request["headers"]): Uint8Array {
  if (encoded?.headers !== headers) encoded = { headers, bytes: encodeFields(Object.entries(headers)) };
  return encoded.bytes;
}
