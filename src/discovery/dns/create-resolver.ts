import type { Clock } from "../../runtime/clock.ts";
import { fileErrorReason, readTextFile } from "../../runtime/files.ts";
import { type AskOptions, askServer } from "./ask-server.ts";
import { type DnsQuestion, type DnsRecord, type DnsType, isDnsName, plainName } from "./dns-message.ts";
import { candidateNames, type DnsServer, parseResolvConf, type ResolvConf } from "./resolv-conf.ts";

/** What DNS says of a name: its records, that there are none, or nothing that could be relied on. */
export type Lookup =
  | { readonly kind: "found"; readonly records: readonly DnsRecord[]; readonly ttlMs: number }
  | { readonly kind: "absent"; readonly code: "NXDOMAIN" | "NODATA"; readonly reason: string }
  | {
      readonly kind: "failed";
      /** `SERVFAIL`, `REFUSED`, `timeout`, `unreachable`, … */
      readonly code: string;
      readonly reason: string;
    };

export interface Resolver {
  /**
   * Asks for records of some types of one name, all at once. The name may be short: the first of the names that it may stand
   * for that has any of the records counts for all types. Rejects with the signal's reason only.
   */
  lookup<T extends DnsType>(
    name: string,
    types: readonly T[],
    signal: AbortSignal,
  ): Promise<Readonly<Record<T, Lookup>>>;
}

export interface ResolverOptions {
  /** A resolv.conf, read anew for each look-up. */
  readonly confPath: string;
  readonly clock: Clock;
}

/** CNAMEs in a row that are followed. */
const maxAliases = 8;
/** How long a server that did not answer is asked after the others. */
const shunMs = 30_000;

/** A stub resolver: asks the servers of resolv.conf, tells apart why a name has no records, and says how long records live. */
export function createResolver({ confPath, clock }: ResolverOptions): Resolver {
  const shunned = new Map<string, number>();
  const inOrder = (servers: readonly DnsServer[]) => {
    const rank = (server: DnsServer) => ((shunned.get(serverText(server)) ?? 0) > clock.nowMs() ? 1 : 0);
    return [...servers].sort((a, b) => rank(a) - rank(b));
  };
  const askAll = async (question: DnsQuestion, conf: ResolvConf, signal: AbortSignal): Promise<Lookup> => {
    const options: AskOptions = { timeoutMs: conf.timeoutMs, tcpOnly: conf.tcpOnly, signal };
    const refusals = new Map<string, string>();
    let code = "";
    for (let attempt = 0; attempt < conf.attempts; attempt++) {
      for (const server of inOrder(conf.servers)) {
        const text = serverText(server);
        const reply = await askServer(server, question, options);
        if (reply.kind === "silent") {
          shunned.set(text, clock.nowMs() + shunMs);
          code = code === "" ? reply.code : code;
          if (!refusals.has(text)) refusals.set(text, `${text}: ${reply.reason}`);
          continue;
        }
        shunned.delete(text);
        const { rcode, records } = reply.answer;
        if (rcode === "NOERROR" || rcode === "NXDOMAIN") return lookupOf(rcode, records, question);
        code = rcode;
        refusals.set(text, `${rcode} from ${text}`);
      }
    }
    return { kind: "failed", code, reason: [...refusals.values()].join(", ") };
  };
  /** Follows an alias that the server itself did not follow. */
  const ask = async (question: DnsQuestion, conf: ResolvConf, signal: AbortSignal): Promise<Lookup> => {
    let asked = question;
    for (let aliases = 0; aliases <= maxAliases; aliases++) {
      const lookup = await askAll(asked, conf, signal);
      if (lookup.kind !== "found") return lookup;
      const [last] = lookup.records;
      if (last?.type !== "CNAME") return lookup;
      asked = { ...question, name: plainName(last.target) };
    }
    const reason = `more than ${maxAliases} aliases in a row`;
    return { kind: "failed", code: "SERVFAIL", reason };
  };
  return {
    async lookup(name, types, signal) {
      const conf = await readConf(confPath);
      if (typeof conf === "string")
        return forAll(types, { kind: "failed", code: "unreachable", reason: conf });
      const soFar: Lookup[][] = [];
      for (const candidate of candidateNames(name, conf)) {
        if (!isDnsName(candidate)) continue;
        const lookups = await Promise.all(types.map((type) => ask({ name: candidate, type }, conf, signal)));
        soFar.push(lookups);
        const isOver = lookups.some(({ kind }) => kind === "found") || lookups.every(isSilence);
        if (isOver) break;
      }
      const found = soFar.at(-1)?.some(({ kind }) => kind === "found") ? soFar.slice(-1) : soFar;
      return byType(types, (index) => summaryOf(found.flatMap((lookups) => lookups[index] ?? [])));
    },
  };
}

/** Servers that do not answer one name will not answer the next one. */
function isSilence(lookup: Lookup): boolean {
  return lookup.kind === "failed" && ["timeout", "unreachable"].includes(lookup.code);
}

/** What counts of what was said of the names that a short one may stand for. */
function summaryOf(lookups: readonly Lookup[]): Lookup {
  return (
    lookups.find(({ kind }) => kind === "found") ??
    lookups.find(({ kind }) => kind === "failed") ??
    lookups.find((lookup) => lookup.kind === "absent" && lookup.code === "NODATA") ??
    lookups[0] ?? { kind: "failed", code: "bad_name", reason: "it is no name that DNS could know" }
  );
}

function lookupOf(rcode: string, records: readonly DnsRecord[], { name, type }: DnsQuestion): Lookup {
  let owner = plainName(name);
  let ttlS = Number.POSITIVE_INFINITY;
  for (let aliases = 0; aliases <= maxAliases; aliases++) {
    const own = records.filter((record) => record.name === owner);
    const wanted = own.filter((record) => record.type === type);
    const alias = own.find((record) => record.type === "CNAME");
    for (const record of wanted) ttlS = Math.min(ttlS, record.ttlS);
    if (wanted.length > 0) return { kind: "found", records: wanted, ttlMs: ttlS * 1000 };
    if (alias?.type !== "CNAME") break;
    ttlS = Math.min(ttlS, alias.ttlS);
    owner = plainName(alias.target);
    const isEnd = rcode === "NOERROR" && !records.some((record) => record.name === owner);
    if (isEnd) return { kind: "found", records: [alias], ttlMs: ttlS * 1000 };
  }
  if (rcode === "NXDOMAIN") return { kind: "absent", code: "NXDOMAIN", reason: "NXDOMAIN" };
  return { kind: "absent", code: "NODATA", reason: `NODATA, the name has no ${type} record` };
}

/** The text is why it cannot be read. */
async function readConf(path: string): Promise<ResolvConf | string> {
  try {
    return parseResolvConf(await readTextFile(path));
  } catch (error) {
    return `cannot read ${path}: ${fileErrorReason(error)}`;
  }
}

function serverText({ host, port }: DnsServer): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function forAll<T extends DnsType>(types: readonly T[], lookup: Lookup): Readonly<Record<T, Lookup>> {
  return byType(types, () => lookup);
}

function byType<T extends DnsType>(
  types: readonly T[],
  of: (index: number) => Lookup,
): Readonly<Record<T, Lookup>> {
  const entries = types.map((type, index) => [type, of(index)] as const);
  return Object.fromEntries(entries) as Record<T, Lookup>; // One entry for each type.
}
