import { GatewayError } from "../lib/errors.ts";
import { quoteGo } from "../model/quote.ts";

const slots = 8192;
const longest = 128;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const strings = new Array<string | undefined>(slots).fill(undefined);

/**
 * UTF-8 bytes as a string. Throws GatewayError `execution` for what is none: made readable it could become another series'
 * label. Short ASCII strings come from a cache of fixed size, so that label
 * names and values that repeat are one string.
 */
export function internString(bytes: Uint8Array, start: number, end: number): string {
  if (start === end) return "";
  if (end - start > longest) return decode(bytes, start, end);
  let hash = 0;
  let ascii = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    ascii |= byte;
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  if (ascii > 127) return decode(bytes, start, end);
  const slot = (hash ^ (hash >>> 15)) & (slots - 1);
  const cached = strings[slot];
  if (cached !== undefined && equalsAscii(cached, bytes, start, end)) return cached;
  const fresh = decoder.decode(bytes.subarray(start, end));
  strings[slot] = fresh;
  return fresh;
}

const lenient = new TextDecoder();

function decode(bytes: Uint8Array, start: number, end: number): string {
  const text = bytes.subarray(start, end);
  try {
    return decoder.decode(text);
  } catch (cause) {
    const shown = quoteGo(lenient.decode(text.subarray(0, 200)));
    throw new GatewayError("execution", `label name or value is not valid UTF-8: ${shown}`, { cause });
  }
}

function equalsAscii(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

const encoder = new TextEncoder();
const names = new Map<string, Uint8Array>();

/** UTF-8 bytes of a label name, from a cache; do not write to them. */
export function nameBytes(name: string): Uint8Array {
  let bytes = names.get(name);
  if (bytes === undefined) {
    if (names.size >= 1024) names.clear();
    bytes = encoder.encode(name);
    names.set(name, bytes);
  }
  return bytes;
}
