import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type DatasetSeries, datasetName, datasetSeries } from "./dataset.ts";

export interface BlocksOptions {
  readonly promtool: string;
  /** Blocks of every size are kept below it. */
  readonly folder: string;
  readonly series: number;
  readonly hours: number;
}

/** Longer than any data, so that they make one block. */
const maxBlockDuration = "1000h";

/**
 * A Prometheus data folder with the samples of all four leaves, `cluster` and `replica` being labels like others.
 * Made where it is not there yet, which takes a text of some 170 bytes a sample for a while.
 */
export function ensurePrometheusBlocks(options: BlocksOptions): string {
  const home = join(options.folder, `${datasetName(options)}-prometheus`);
  if (existsSync(home)) {
    console.log(`blocks for Prometheus: those of an earlier run in ${home}`);
    return home;
  }
  const scratch = `${home}.part`;
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(join(scratch, "tmp"), { recursive: true });
  const startMs = performance.now();
  const text = join(scratch, "samples.om");
  const samples = writeOpenMetrics(text, options);
  const writtenMs = performance.now();
  const data = join(scratch, "data");
  createBlocks(options.promtool, { text, data, tmp: join(scratch, "tmp") });
  const seconds = (fromMs: number, toMs: number) => `${((toMs - fromMs) / 1000).toFixed(1)} s`;
  console.log(
    `blocks for Prometheus: ${samples} samples, text of ${(statSync(text).size / 1e6).toFixed(0)} MB in ${seconds(startMs, writtenMs)}, ` +
      `promtool took ${seconds(writtenMs, performance.now())}`,
  );
  renameSync(data, home);
  rmSync(scratch, { recursive: true, force: true });
  return home;
}

function createBlocks(promtool: string, paths: Readonly<Record<"text" | "data" | "tmp", string>>): void {
  const args = ["tsdb", "create-blocks-from", `--max-block-duration=${maxBlockDuration}`, "openmetrics"];
  const made = spawnSync(promtool, [...args, "--quiet", paths.text, paths.data], {
    encoding: "utf8",
    // Its write-ahead files are as large as the blocks.
    env: { ...process.env, TMPDIR: paths.tmp },
  });
  if (made.status !== 0) throw new Error(`Cannot make blocks: promtool: ${made.stderr || made.error}`);
}

/** Writes a series at a time and returns the number of samples. */
function writeOpenMetrics(path: string, { series, hours }: BlocksOptions): number {
  let samples = 0;
  const file = openSync(path, "w");
  try {
    for (const cluster of ["a", "b"])
      for (const replica of ["0", "1"])
        for (const row of datasetSeries({ series, hours, cluster, replica })) {
          // OpenMetrics has no words for native histograms.
          if (row.isNative) continue;
          writeAll(file, Buffer.from(openMetricsOf(row), "utf8"));
          samples += row.times.length;
        }
    writeAll(file, Buffer.from("# EOF\n"));
  } finally {
    closeSync(file);
  }
  return samples;
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

function openMetricsOf({ labels, times, values }: DatasetSeries): string {
  const name = labels.find((label) => label.name === "__name__")?.value ?? "";
  const pairs = labels
    .filter((label) => label.name !== "__name__")
    .map((label) => `${label.name}=${JSON.stringify(label.value)}`);
  const series = `${name}{${pairs.join(",")}}`;
  let text = "";
  for (let i = 0; i < times.length; i++) {
    const ms = times[i] ?? 0;
    const fraction = String(ms % 1000).padStart(3, "0");
    // promtool cuts milliseconds off a float of seconds: a tenth more keeps it from falling below the whole one.
    text += `${series} ${values[i]} ${Math.floor(ms / 1000)}.${fraction}1\n`;
  }
  return text;
}
