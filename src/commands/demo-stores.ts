import { demoClusterSeries } from "../clients/synthetic/demo-cluster.ts";
import { createSyntheticStore } from "../clients/synthetic/synthetic-store.ts";
import { labelsOf, labelValue } from "../model/labels.ts";
import { createGrpcServer, type GrpcServer } from "../rpc/grpc-server.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ServerTls } from "../runtime/tls.ts";
import type { Store } from "../store/store.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** One StoreAPI endpoint of the demo. */
export interface DemoStore {
  readonly store: Store;
  /** `host:port` as bound. */
  readonly address: string;
  /** What is told about it on the screen. */
  readonly about: string;
  close(): Promise<void>;
}

/**
 * Two clusters with two replicas each, a day back and up to now, and one old store that ends where they begin.
 * us-east's replica 0 misses twelve minutes every two hours; replica 1 scrapes seven seconds after its twin.
 */
export function createDemoStores(clock: Clock): readonly { readonly store: Store; readonly about: string }[] {
  const startMs = Math.floor((clock.nowMs() - dayMs) / minuteMs) * minuteMs;
  const nowMs = () => clock.nowMs();
  const series = new Map(["eu-west", "us-east"].map((cluster) => [cluster, demoClusterSeries(cluster)]));
  const replica = (cluster: string, name: string) => {
    const hasGaps = cluster === "us-east" && name === "0";
    const store = createSyntheticStore({
      name: `${cluster}-${name}`,
      component: "sidecar",
      externalLabels: labelsOf({ cluster, replica: name }),
      series: series.get(cluster) ?? [],
      intervalMs: 15_000,
      shiftMs: name === "1" ? 7_000 : 0,
      range: { minMs: startMs, maxMs: Number.POSITIVE_INFINITY },
      isMissing: (timeMs) => hasGaps && timeMs % (120 * minuteMs) < 12 * minuteMs,
      nowMs,
    });
    return { store, about: hasGaps ? "since a day ago, with gaps" : "since a day ago" };
  };
  const legacy = createSyntheticStore({
    name: "eu-west-legacy",
    component: "store",
    externalLabels: labelsOf({ cluster: "eu-west", replica: "legacy" }),
    series: series.get("eu-west") ?? [],
    intervalMs: minuteMs,
    shiftMs: 0,
    range: { minMs: startMs - 6 * dayMs, maxMs: startMs },
    isMissing: () => false,
    nowMs,
  });
  return [
    replica("eu-west", "0"),
    replica("eu-west", "1"),
    replica("us-east", "0"),
    replica("us-east", "1"),
    { store: legacy, about: "the six days before" },
  ];
}

/** Serves a store as StoreAPI on a free port of the loopback interface, to clients of the same authority only. */
export async function serveDemoStore(
  { store, about }: { readonly store: Store; readonly about: string },
  tls: ServerTls,
): Promise<DemoStore> {
  const info = store.info();
  const server: GrpcServer = createGrpcServer({
    store,
    tls,
    health: () => true,
    info: () => ({
      ...info,
      component: info.component ?? "sidecar",
      tsdbInfos: info.labelSets.map((labels) => ({ labels, timeRange: info.timeRange })),
      apis: new Set(["store"] as const),
    }),
  });
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  return { store, address, about, close: () => server.close(0) };
}

/** One line about an endpoint. */
export function describeDemoStore({ store, address, about }: DemoStore): string {
  const labels = store.info().labelSets[0] ?? [];
  const names = ["cluster", "replica"].map((name) => `${name}=${labelValue(labels, name) ?? ""}`).join(" ");
  return `  ${address}   ${names.padEnd(32)} ${about}`;
}
