import { GatewayError } from "../lib/errors.ts";
import { notAnAddress, parseDnsAddress } from "./dns-address.ts";
import { unreadable } from "./flag.ts";

/** Where to listen. An empty host means every address. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `:port` or `[v6]:port`; port 0 takes a free one. */
export function parseListenAddress(text: string): ListenAddress {
  const parts = splitHostPort(text);
  if (parts === undefined) throw unreadable(text, "an address to listen on, <host>:<port>");
  return { host: parts.host === "" ? "0.0.0.0" : parts.host, port: parts.port };
}

/** As `parseListenAddress`, but an empty host means this machine alone. */
export function parseLoopbackAddress(text: string): ListenAddress {
  return parseListenAddress(text.startsWith(":") ? `127.0.0.1${text}` : text);
}

/** A peer's `host:port`, or a form that is looked up in DNS, as it was written. Throws Thanos's text where it is none. */
export function parseEndpointAddress(text: string): string {
  if (parseDnsAddress(text) !== undefined) return text;
  const parts = splitHostPort(text);
  if (parts === undefined || parts.host === "" || parts.port === 0) throw notAnAddress(text);
  return text;
}

/** The same without DNS, whose names cannot stay while they name nothing. Throws Thanos's text. */
export function parseStrictAddress(text: string): string {
  if (parseDnsAddress(text) === undefined) return parseEndpointAddress(text);
  throw new GatewayError(
    "bad_data",
    `${text} is a dynamically specified endpoint i.e. it uses SD and that is not permitted under strict mode.`,
  );
}

function splitHostPort(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^\s[\]:/@]*)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  return port <= 65_535 ? { host: match[1] ?? match[2] ?? "", port } : undefined;
}
