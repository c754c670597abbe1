import { compareBytewise } from "../lib/bytes.ts";
import { formatLabels, type Labels } from "../model/labels.ts";
import type { EndpointInfo } from "../store/endpoint.ts";
import type { MetricLabels, Metrics } from "../telemetry/metrics.ts";

/** Labels that `thanos_store_nodes_grpc_connections` may have. */
export type ConnectionLabel = "external_labels" | "store_type" | "ip_port";

export interface Connection {
  readonly address: string;
  readonly info: EndpointInfo;
}

const externalLabelLimitBytes = 1000;

/** Shows how many stores are connected, by their label sets and kind. */
export function observeConnections(
  metrics: Metrics,
  labels: readonly ConnectionLabel[] = ["external_labels", "store_type"],
  connections: () => readonly Connection[],
): void {
  metrics.observe(
    "thanos_store_nodes_grpc_connections",
    "Number of gRPC connection to Store APIs. Opened connection means healthy store APIs available for Querier.",
    () => {
      const counts = new Map<string, { value: number; readonly labels: MetricLabels }>();
      for (const connection of connections()) {
        const all = labelsOfConnection(connection);
        const chosen = Object.fromEntries(labels.map((name) => [name, all[name]]));
        const key = JSON.stringify(chosen);
        const count = counts.get(key);
        if (count === undefined) counts.set(key, { value: 1, labels: chosen });
        else count.value++;
      }
      return [...counts.values()];
    },
  );
}

function labelsOfConnection({ address, info }: Connection): Record<ConnectionLabel, string> {
  const text = truncateLabels(labelSetsText(info.labelSets), externalLabelLimitBytes);
  return {
    external_labels: text === "" ? "no_external_labels" : text,
    store_type: info.component === "" ? "unknown-store-api" : info.component,
    ip_port: address,
  };
}

/** `{a="1"},{b="2"}`, in text order; "" for none. */
export function labelSetsText(labelSets: readonly Labels[]): string {
  return labelSets
    .filter((labels) => labels.length > 0)
    .map(formatLabels)
    .sort(compareBytewise)
    .join(",");
}

/** Cuts a text of label sets to `limitBytes` of UTF-8 at the border of a character, and closes it. */
export function truncateLabels(text: string, limitBytes: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= limitBytes) return text;
  let end = limitBytes - 1;
  while (end > 0 && isContinuation(bytes[end] as number)) end--;
  return `${new TextDecoder().decode(bytes.subarray(0, end))}}`;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
