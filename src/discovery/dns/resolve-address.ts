import type { DnsAddress } from "../../config/dns-address.ts";
import { ipFamily } from "../../runtime/ip-address.ts";
import type { Lookup, Resolver } from "./create-resolver.ts";
import { plainName } from "./dns-message.ts";

/** An endpoint as DNS knows it. */
export interface ResolvedAddress {
  /** `host:port` to connect to. */
  readonly address: string;
  /** The name that the address belongs to: what a server's certificate is for. */
  readonly host: string;
}

/** A name that could not be made addresses of. */
export interface LookupProblem {
  readonly name: string;
  /** Whether DNS says that there is nothing, as opposed to saying nothing. */
  readonly isAbsent: boolean;
  /** `NXDOMAIN`, `NODATA`, `SERVFAIL`, `REFUSED`, `timeout`, … */
  readonly code: string;
  /** `lookup NAME: NXDOMAIN`. */
  readonly reason: string;
  /** Whether addresses that it had before stand in for it. */
  readonly isCovered: boolean;
}

/** What one look at DNS gave. */
export type Resolution =
  | {
      readonly kind: "resolved";
      readonly endpoints: readonly ResolvedAddress[];
      /** Targets of an SRV set whose addresses could not be learnt. */
      readonly problems: readonly LookupProblem[];
      /** How long the answer is good. */
      readonly ttlMs: number;
    }
  | { readonly kind: "unresolved"; readonly problem: LookupProblem };

/** What was last known of each host, so that one that cannot be looked up for a while keeps its addresses. */
export type HostMemory = Map<string, { readonly family: 4 | 6; readonly ips: readonly string[] }>;

interface HostAnswer {
  readonly ips: readonly string[];
  readonly ttlMs: number;
  readonly problem: LookupProblem | undefined;
}

/** Endpoints of one address at most: no fleet has more behind one name. */
const maxEndpoints = 1_000;
/** Look-ups of SRV targets at a time. */
const parallel = 16;

/** Looks a DNS address up once. `memory` is read and kept current. Rejects with the signal's reason only. */
export async function resolveAddress(
  query: DnsAddress,
  resolver: Resolver,
  options: { readonly memory: HostMemory; readonly signal: AbortSignal },
): Promise<Resolution> {
  const resolution = await resolveAll(query, resolver, options);
  if (resolution.kind === "unresolved" || resolution.endpoints.length <= maxEndpoints) return resolution;
  const endpoints = resolution.endpoints.slice(0, maxEndpoints);
  return { ...resolution, endpoints, problems: [tooMany(query, "addresses"), ...resolution.problems] };
}

async function resolveAll(
  query: DnsAddress,
  resolver: Resolver,
  options: { readonly memory: HostMemory; readonly signal: AbortSignal },
): Promise<Resolution> {
  if (query.form === "dns" || query.form === "dnsdualstack") {
    const { ips, ttlMs, problem } = await lookupHost(query, query.name, resolver, options);
    if (problem !== undefined) return { kind: "unresolved", problem };
    const endpoints = ips.map((ip) => ({ address: joinHostPort(ip, query.port ?? 0), host: query.name }));
    return { kind: "resolved", endpoints, problems: [], ttlMs };
  }
  const { SRV: srv } = await resolver.lookup(query.name, ["SRV"], options.signal);
  if (srv.kind !== "found") return { kind: "unresolved", problem: problemOf(query.name, srv, false) };
  const all = targetsOf(srv, query.port);
  const targets = all.slice(0, maxEndpoints);
  const excess = all.length > maxEndpoints ? [tooMany(query, "targets")] : [];
  if (query.form === "dnssrvnoa") {
    const endpoints = targets.map(({ host, port }) => ({ address: joinHostPort(host, port), host }));
    return { kind: "resolved", endpoints, problems: excess, ttlMs: srv.ttlMs };
  }
  const { problems, ...rest } = await resolveTargets(query, targets, resolver, options);
  return { ...rest, problems: [...excess, ...problems], ttlMs: Math.min(srv.ttlMs, rest.ttlMs) };
}

interface Target {
  readonly host: string;
  readonly port: number;
}

async function resolveTargets(
  query: DnsAddress,
  targets: readonly Target[],
  resolver: Resolver,
  options: { readonly memory: HostMemory; readonly signal: AbortSignal },
): Promise<Resolution & { readonly kind: "resolved" }> {
  const hosts = [...new Set(targets.map(({ host }) => host))];
  const answers = new Map<string, HostAnswer>();
  // Targets come and go under new names for years.
  for (const name of options.memory.keys())
    if (!hosts.includes(name.replace(/\.$/, ""))) options.memory.delete(name);
  for (let from = 0; from < hosts.length; from += parallel) {
    const some = hosts.slice(from, from + parallel);
    // Targets are full names, whether a dot says so or not.
    const got = await Promise.all(some.map((host) => lookupHost(query, `${host}.`, resolver, options)));
    for (const [index, host] of some.entries()) answers.set(host, got[index] as HostAnswer);
  }
  const endpoints: ResolvedAddress[] = [];
  for (const { host, port } of targets) {
    const ips = answers.get(host)?.ips ?? [];
    endpoints.push(...ips.map((ip) => ({ address: joinHostPort(ip, port), host })));
  }
  const all = [...answers.values()];
  return {
    kind: "resolved",
    endpoints,
    problems: all.flatMap(({ problem }) => problem ?? []),
    ttlMs: Math.min(...all.map(({ ttlMs }) => ttlMs)),
  };
}

/** Targets in the order of the answer, each once. A target `.` says that there is no such service (RFC 2782). */
function targetsOf(srv: Lookup & { readonly kind: "found" }, port: number | undefined): readonly Target[] {
  const targets = new Map<string, Target>();
  for (const record of srv.records) {
    if (record.type !== "SRV" || record.target === "." || record.target === "") continue;
    const target = { host: plainName(record.target), port: port ?? record.port };
    targets.set(joinHostPort(target.host, target.port), target);
  }
  return [...targets.values()];
}

async function lookupHost(
  { form }: DnsAddress,
  name: string,
  resolver: Resolver,
  { memory, signal }: { readonly memory: HostMemory; readonly signal: AbortSignal },
): Promise<HostAnswer> {
  if (ipFamily(name) !== 0) return { ips: [name], ttlMs: Number.POSITIVE_INFINITY, problem: undefined };
  const { A: v4, AAAA: v6 } = await resolver.lookup(name, ["A", "AAAA"], signal);
  const known = memory.get(name);
  if (form === "dnsdualstack") return bothFamilies(name, { v4, v6 }, memory);
  const chosen = chooseFamily(v4, v6, known?.family);
  if (chosen.kind === "found") {
    const ips = ipsOf(chosen);
    memory.set(name, { family: chosen === v6 ? 6 : 4, ips });
    return { ips, ttlMs: chosen.ttlMs, problem: undefined };
  }
  if (chosen.kind === "absent") memory.delete(name);
  const ips = memory.get(name)?.ips ?? [];
  return { ips, ttlMs: Number.POSITIVE_INFINITY, problem: problemOf(name, chosen, ips.length > 0) };
}

/**
 * A host with addresses of both families is one endpoint per server, not two: AAAA counts where there is any, as in Thanos.
 * While AAAA cannot be asked, a host stays with the family that it had.
 */
function chooseFamily(v4: Lookup, v6: Lookup, known: 4 | 6 | undefined): Lookup {
  if (v6.kind === "found") return v6;
  if (v6.kind === "failed" && known === 6) return v6;
  if (v4.kind === "found") return v4;
  return v4.kind === "failed" || v6.kind !== "failed" ? v4 : v6;
}

/** All addresses of both families. One that cannot be asked keeps its addresses while the other one has an answer. */
function bothFamilies(
  name: string,
  { v4, v6 }: { readonly v4: Lookup; readonly v6: Lookup },
  memory: HostMemory,
): HostAnswer {
  const ips: string[] = [];
  let ttlMs = Number.POSITIVE_INFINITY;
  for (const [family, lookup] of [[6, v6] as const, [4, v4] as const]) {
    const key = `${name} ${family}`;
    if (lookup.kind === "found") {
      memory.set(key, { family, ips: ipsOf(lookup) });
      ttlMs = Math.min(ttlMs, lookup.ttlMs);
    }
    if (lookup.kind === "absent") memory.delete(key);
    ips.push(...(memory.get(key)?.ips ?? []));
  }
  const isAnswered = v4.kind === "found" || v6.kind === "found";
  const chosen = chooseFamily(v4, v6, undefined);
  return { ips, ttlMs, problem: isAnswered ? undefined : problemOf(name, chosen, ips.length > 0) };
}

function ipsOf(lookup: Lookup): readonly string[] {
  if (lookup.kind !== "found") return [];
  const ips = lookup.records.flatMap((record) => ("address" in record ? [record.address] : []));
  return [...new Set(ips)].sort();
}

function problemOf(name: string, lookup: Lookup, isCovered: boolean): LookupProblem {
  const { code, reason } = lookup.kind === "found" ? { code: "NODATA", reason: "NODATA" } : lookup;
  const plain = name.replace(/\.$/, "");
  const isAbsent = lookup.kind !== "failed";
  return { name: plain, isAbsent, code, reason: `lookup ${plain}: ${reason}`, isCovered };
}

/** What is past the limit is left out, and said to be. */
function tooMany({ name }: DnsAddress, what: string): LookupProblem {
  const reason = `lookup ${name}: more than ${maxEndpoints} ${what}`;
  return { name, isAbsent: false, code: "too_many", reason, isCovered: false };
}

function joinHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
