import type { Lookup, Resolver } from "../../src/discovery/dns/create-resolver.ts";
import type { DnsType } from "../../src/discovery/dns/dns-message.ts";

/** What a name is to say, as `A 10.0.0.1 10.0.0.2`, `SRV a:1 b:2`, `AAAA fd00::1`, or a reason such as `A SERVFAIL`. */
export type Zone = Record<string, readonly string[] | "pending">;

const absent = ["NXDOMAIN", "NODATA"];

/** A resolver that reads a zone which tests change as they go. Names that are not in it do not exist. */
export function createScriptedResolver(zone: Zone): Resolver & { readonly asked: string[] } {
  const asked: string[] = [];
  const lookupOf = (name: string, type: DnsType): Lookup => {
    const lines = zone[name.replace(/\.$/, "")];
    if (lines === undefined || lines === "pending")
      return { kind: "absent", code: "NXDOMAIN", reason: "NXDOMAIN" };
    const [, ...words] = lines.find((line) => line.startsWith(`${type} `))?.split(" ") ?? [];
    const [first = "NODATA"] = words;
    if (absent.includes(first)) return { kind: "absent", code: first as "NODATA", reason: first };
    if (/^[A-Za-z]+$/.test(first))
      return { kind: "failed", code: first, reason: `${first} from 10.0.0.53:53` };
    const ttl = words.find((word) => word.startsWith("ttl="))?.slice(4) ?? "60";
    const values = words.filter((word) => !word.startsWith("ttl="));
    const records = values.map((value) =>
      type === "SRV"
        ? {
            type,
            name,
            ttlS: Number(ttl),
            target: value.split(":")[0] ?? "",
            port: Number(value.split(":")[1]),
          }
        : { type, name, ttlS: Number(ttl), address: value },
    );
    return { kind: "found", records, ttlMs: Number(ttl) * 1000 };
  };
  return {
    asked,
    async lookup(name, types, signal) {
      asked.push(`${name} ${types.join()}`);
      if (zone[name] === "pending") {
        await new Promise((_, reject) => {
          if (signal.aborted) reject(signal.reason);
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      }
      const entries = types.map((type) => [type, lookupOf(name, type)]);
      return Object.fromEntries(entries) as Record<(typeof types)[number], Lookup>; // One entry for each type.
    },
  };
}
