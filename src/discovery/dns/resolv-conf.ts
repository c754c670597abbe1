import { ipFamily } from "../../runtime/ip-address.ts";

/** A DNS server. */
export interface DnsServer {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
}

/** What `/etc/resolv.conf` says (resolv.conf(5)). */
export interface ResolvConf {
  readonly servers: readonly DnsServer[];
  /** Domains to try names in, without dots at their ends. */
  readonly search: readonly string[];
  /** Names with this many dots are tried as they are first. */
  readonly ndots: number;
  readonly timeoutMs: number;
  /** How often each server is asked. */
  readonly attempts: number;
  /** Whether questions go over TCP only. */
  readonly tcpOnly: boolean;
}

/** As the C library, no more are asked. */
const maxServers = 3;
const maxSearch = 32;

/**
 * Reads a resolv.conf. Lines that make no sense are passed over, as every resolver does; without a server it is the local one.
 * A server with a port is written `[127.0.0.1]:8600`, as OpenBSD has it.
 */
export function parseResolvConf(text: string): ResolvConf {
  const servers: DnsServer[] = [];
  let search: readonly string[] = [];
  const options = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [word, ...rest] = line
      .replace(/[#;].*$/, "")
      .trim()
      .split(/\s+/);
    if (word === "nameserver") servers.push(...serverOf(rest[0] ?? ""));
    else if (word === "search") search = rest;
    else if (word === "domain") search = rest.slice(0, 1);
    else if (word === "options") {
      for (const option of rest) {
        const [name = "", value = ""] = option.split(":");
        options.set(name, value);
      }
    }
  }
  const number = (name: string, fallback: number, least: number, most: number) => {
    const value = options.get(name);
    return value !== undefined && /^\d+$/.test(value)
      ? Math.min(Math.max(Number(value), least), most)
      : fallback;
  };
  return {
    servers: servers.length === 0 ? [{ host: "127.0.0.1", port: 53 }] : servers.slice(0, maxServers),
    search: search
      .map((domain) => domain.replace(/\.$/, ""))
      .filter((domain) => domain !== "")
      .slice(0, maxSearch),
    ndots: number("ndots", 1, 0, 15),
    timeoutMs: number("timeout", 5, 1, 30) * 1000,
    attempts: number("attempts", 2, 1, 5),
    tcpOnly: options.has("use-vc"),
  };
}

/** The full names that a name may stand for, in the order in which they are tried. */
export function candidateNames(name: string, { search, ndots }: ResolvConf): readonly string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const searched = search.map((domain) => `${name}.${domain}`);
  return name.split(".").length - 1 >= ndots ? [name, ...searched] : [...searched, name];
}

function serverOf(text: string): DnsServer[] {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text);
  const host = bracketed?.[1] ?? text;
  const port = Number(bracketed?.[2] ?? 53);
  return ipFamily(host) !== 0 && port > 0 && port <= 65_535 ? [{ host, port }] : [];
}
