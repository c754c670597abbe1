import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { debianPrometheus, findPeer } from "../support/peers.ts";

export interface FuzzPrograms {
  readonly prometheus: string;
  readonly promtool: string;
  /** 3.x, which must agree in everything. */
  readonly modern: boolean;
}

/** `PROMETHEUS_BINARY` and the promtool beside it or of `PROMTOOL_BINARY`, else Debian's; or how to get them. */
export function findPrograms(): FuzzPrograms | { readonly absent: string } {
  const named = process.env.PROMETHEUS_BINARY;
  if (named === undefined) {
    const found = findPeer(debianPrometheus);
    return found.kind === "found" ? { ...found.paths, modern: false } : { absent: found.how };
  }
  const promtool =
    process.env.PROMTOOL_BINARY ?? join(dirname(named), named.replace(/^.*prometheus/, "promtool"));
  const missing = [named, promtool].find((path) => !existsSync(path));
  if (missing !== undefined)
    return { absent: `${missing}, which PROMETHEUS_BINARY or PROMTOOL_BINARY asks for` };
  return { prometheus: named, promtool, modern: true };
}
