import type { WireSeriesRequest } from "../../src/wire/series-request.ts";
import type { Bench } from "./bench.ts";
import { datasetStartMs } from "./dataset.ts";
import { drainSeries, measuring, median } from "./measure.ts";

const metrics = ["http_requests_total", "http_request_duration_seconds_bucket", "node_memory_bytes"];

/** A request for all of one metric. */
export function wholeMetric(
  bench: Pick<Bench, "hours">,
  metric: string,
  withoutReplicaLabels: readonly string[],
): WireSeriesRequest {
  return {
    range: { minMs: datasetStartMs, maxMs: datasetStartMs + bench.hours * 3600_000 },
    matchers: [{ type: "=", name: "__name__", value: metric }],
    withoutReplicaLabels,
    partialResponse: "abort",
    skipChunks: false,
    limit: 0,
    maxResolutionMs: 0,
    aggregates: ["RAW"],
    shard: undefined,
    responseBatchSize: 64,
  };
}

/** StoreAPI through the gateway to a client that throws frames away, beside the leaves alone. */
export async function runPassThrough(bench: Bench): Promise<void> {
  console.log("\npass-through: leaves → gateway → a client that throws frames away");
  const { leaves, tls } = bench;
  const gateways = new Map(bench.queriers.map(({ server, name }) => [server, name.replace(/ \(.*/, "")]));
  for (const metric of metrics) {
    const request = wholeMetric(bench, metric, []);
    const floors: number[] = [];
    const passed = new Map(
      [...gateways].map(([gateway]) => [gateway, [] as Awaited<ReturnType<typeof pass>>[]]),
    );
    const pass = (pid: number, address: string) =>
      measuring(pid, () => drainSeries(address, request, undefined));
    for (let run = 0; run <= bench.runs; run++) {
      const startMs = performance.now();
      const direct = (tls ? leaves.tls : leaves.plain).map((address) =>
        drainSeries(address, request, tls ? leaves.clientTls : undefined),
      );
      await Promise.all(direct);
      const floorMs = performance.now() - startMs;
      for (const [gateway, runs] of passed) {
        const measured = await pass(gateway.pid, gateway.grpc);
        // The first round warms up.
        if (run > 0) runs.push(measured);
      }
      if (run > 0) floors.push(floorMs);
    }
    const floor = median(floors);
    for (const [gateway, runs] of passed) {
      const wall = median(runs.map((run) => run.wallMs));
      const cpu = median(runs.map((run) => run.cpuMs));
      const mb = (runs[0]?.sizeBytes ?? 0) / 1e6;
      console.log(
        `  ${metric.padEnd(38)} ${(gateways.get(gateway) ?? "").padEnd(8)} ${(wall / floor).toFixed(2)} × floor, ` +
          `${(cpu / mb).toFixed(1)} CPU ms a MB; wall ${wall.toFixed(0)} ms, floor ${floor.toFixed(0)} ms, ${mb.toFixed(1)} MB`,
      );
    }
  }
}
