import type { Bench } from "./bench.ts";
import { drain, measuring, median } from "./measure.ts";

const query = "sum by (cluster) (rate(http_requests_total[5m]))";

/** Peak RSS of an aggregation over a tenth of the series and over all: it should hardly grow. */
export async function runMemory(
  series: number,
  withBench: (series: number, body: (bench: Bench) => Promise<void>) => Promise<void>,
): Promise<void> {
  console.log(`\nmemory: ${query}`);
  const peaks = new Map<string, number[]>();
  for (const count of [Math.round(series / 10), series]) {
    // Fresh processes for each size: a heap that has grown once stays.
    await withBench(count, async (bench) => {
      for (const subject of bench.queriers) {
        const params = { ...bench.range, ...subject.params, query };
        const ask = () => drain({ address: subject.server.http, path: "/api/v1/query_range", params });
        const runs = [];
        for (let run = 0; run < bench.runs; run++) runs.push(await measuring(subject.server.pid, ask));
        const peak = median(runs.map((run) => run.peakMb));
        peaks.set(subject.name, [...(peaks.get(subject.name) ?? []), peak]);
        const wall = median(runs.map((run) => run.wallMs));
        console.log(
          `  ${subject.name.padEnd(20)} ${count * 4} series: peak ${peak.toFixed(0)} MB, wall ${wall.toFixed(0)} ms`,
        );
      }
    });
  }
  for (const [name, [few = Number.NaN, many = Number.NaN]] of peaks)
    console.log(`  ${name.padEnd(20)} grows by ${((many / few - 1) * 100).toFixed(0)} %`);
}
