import { compareBytewise } from "../lib/bytes.ts";
import { formatLabels } from "../model/labels.ts";
import type { TsdbInfo } from "../store/endpoint.ts";
import type { Store } from "../store/store.ts";

/** One member of a federation. */
export interface QueryableEndpoint {
  /** As `__address__` in `storeMatch[]`. */
  readonly address: string;
  /** Its `info()` says what the endpoint advertised last. */
  readonly store: Store;
  readonly tsdbInfos: readonly TsdbInfo[];
}

/** `Addr: 10.0.0.1:10901 MinTime: 0 MaxTime: 9223372036854775807`, Thanos's name of an endpoint in texts. */
export function clientText({ address, store }: QueryableEndpoint): string {
  const { minMs, maxMs } = store.info().timeRange;
  return `Addr: ${address} MinTime: ${int64Text(minMs)} MaxTime: ${int64Text(maxMs)}`;
}

/** `{a="1"},{b="2"}`, or `Store Gateway` for a store without label sets. */
export function storeIdText({ store }: QueryableEndpoint): string {
  const { labelSets } = store.info();
  return labelSets.length === 0
    ? "Store Gateway"
    : labelSets.map(formatLabels).sort(compareBytewise).join(",");
}

/** A time as Go's int64 prints it; "no limit" is its bound. */
export function int64Text(timeMs: number): string {
  if (timeMs === Number.NEGATIVE_INFINITY) return "-9223372036854775808";
  if (timeMs === Number.POSITIVE_INFINITY) return "9223372036854775807";
  return String(timeMs);
}
