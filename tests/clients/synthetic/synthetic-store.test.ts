import { suite } from "uvu";
import * as assert from "uvu/assert";
import { demoClusterSeries } from "../../../src/clients/synthetic/demo-cluster.ts";
import { workSeconds } from "../../../src/clients/synthetic/signal.ts";
import {
  createSyntheticStore,
  type SyntheticStoreOptions,
} from "../../../src/clients/synthetic/synthetic-store.ts";
import { compareLabels, type Labels, labelsOf, labelValue } from "../../../src/model/labels.ts";
import type { QueryContext, SeriesRequest } from "../../../src/store/store.ts";
import { SampleBuffer } from "../../../src/wire/sample-buffer.ts";
import { decodeLabels } from "../../../src/wire/wire-labels.ts";
import { decodeXor } from "../../../src/wire/xor.ts";

const test = suite("synthetic store");
const now = Date.UTC(2026, 5, 1, 12);
const hour = 3600_000;
const cluster = demoClusterSeries("eu-west");

interface Decoded {
  readonly labels: Labels;
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly stale: number;
}

function store(options: Partial<SyntheticStoreOptions> = {}) {
  return createSyntheticStore({
    name: "eu-west-0",
    component: "sidecar",
    externalLabels: labelsOf({ cluster: "eu-west", replica: "0" }),
    series: cluster,
    intervalMs: 15_000,
    shiftMs: 0,
    range: { minMs: now - 24 * hour, maxMs: Number.POSITIVE_INFINITY },
    isMissing: () => false,
    nowMs: () => now,
    ...options,
  });
}

const ctx: QueryContext = {
  signal: new AbortController().signal,
  deadlineMs: undefined,
  warn: () => undefined,
  metadata: {},
  memory: { take: () => undefined, give: () => undefined },
};

function request(name: string, fromMs: number, toMs: number): SeriesRequest {
  return {
    range: { minMs: fromMs, maxMs: toMs },
    matchers: [{ type: "=~", name: "__name__", value: name }],
    withoutReplicaLabels: [],
    partialResponse: "warn",
    skipChunks: false,
    limit: 0,
    maxResolutionMs: 0,
    aggregates: ["RAW"],
    shard: undefined,
    storeMatchers: [],
  };
}

async function read(from: ReturnType<typeof store>, wanted: SeriesRequest): Promise<Decoded[]> {
  const found: Decoded[] = [];
  for await (const batch of from.series(ctx, wanted)) {
    for (let row = 0; row < batch.count; row++) {
      const bytes = batch.buffers[batch.labelBuffer[row] ?? 0] ?? new Uint8Array();
      const samples = new SampleBuffer();
      for (let c = batch.chunkFrom[row] ?? 0; c < (batch.chunkFrom[row + 1] ?? 0); c++)
        decodeXor(
          batch.buffers[batch.chunkBuffer[c] ?? 0] ?? bytes,
          batch.rawStart[c] ?? 0,
          batch.rawEnd[c] ?? 0,
          samples,
        );
      const { length, times, values, words } = samples;
      const stale = Array.from({ length }, (_, i) => words[2 * i] === 2 && words[2 * i + 1] === 0x7ff00000);
      found.push({
        labels: decodeLabels(bytes, batch.labelStart[row] ?? 0, batch.labelEnd[row] ?? 0),
        times: [...times.subarray(0, length)],
        values: [...values.subarray(0, length)],
        stale: stale.filter(Boolean).length,
      });
    }
  }
  return found;
}

test("series come in label order and carry external labels", async () => {
  const found = await read(store(), request(".*", now - 60_000, now));
  assert.is(found.length, cluster.length);
  for (let i = 1; i < found.length; i++)
    assert.ok(compareLabels(found[i - 1]?.labels ?? [], found[i]?.labels ?? []) < 0);
  assert.ok(found.every((series) => labelValue(series.labels, "replica") === "0"));
});

test("samples are there up to now, a day back, one each interval", async () => {
  const [up] = await read(store(), request("up", now - 48 * hour, now + hour));
  assert.is(up?.times.length, 24 * 240);
  assert.ok((up?.times[0] ?? 0) >= now - 24 * hour && (up?.times.at(-1) ?? 0) > now - 15_000);
  assert.ok((up?.times.at(-1) ?? 0) <= now);
});

test("the same time gives the same sample however it is asked for", async () => {
  const whole = await read(store(), request("http_requests_total", now - 6 * hour, now));
  const part = await read(store(), request("http_requests_total", now - 3 * hour, now - 2 * hour));
  assert.ok(part.length > 0);
  part.forEach((series, i) => {
    const from = whole[i]?.times.indexOf(series.times[0] ?? 0) ?? -1;
    assert.ok(from >= 0);
    assert.equal(series.values, whole[i]?.values.slice(from, from + series.values.length));
  });
});

test("counters grow, fall to near zero where their process starts anew, and buckets are cumulative", async () => {
  const wanted = request("http_request_duration_seconds_bucket", now - 24 * hour, now);
  const found = await read(store(), wanted);
  let resets = 0;
  for (const series of found)
    for (let i = 1; i < series.values.length; i++)
      if ((series.values[i] ?? 0) < (series.values[i - 1] ?? 0)) resets++;
  assert.ok(resets >= found.length && resets <= 4 * found.length, `${resets} resets`);
  const byTarget = Map.groupBy(found, ({ labels }) =>
    ["instance", "handler"].map((n) => labelValue(labels, n)).join(),
  );
  for (const group of byTarget.values()) {
    const sorted = group.toSorted((a, b) => le(a.labels) - le(b.labels));
    for (let i = 1; i < sorted.length; i++)
      assert.ok(sorted[i]?.values.every((value, at) => value >= (sorted[i - 1]?.values[at] ?? 0)));
  }
});

function le(labels: Labels): number {
  return Number((labelValue(labels, "le") ?? "").replace("+Inf", "Infinity"));
}

test("a CPU is busy or idle, a second a second", async () => {
  const found = await read(store(), request("node_cpu_seconds_total", now - 24 * hour, now));
  const byCpu = Map.groupBy(found, ({ labels }) =>
    ["instance", "cpu"].map((n) => labelValue(labels, n)).join(),
  );
  assert.is(byCpu.size, 16);
  for (const modes of byCpu.values()) {
    const sums =
      modes[0]?.values.map((_, i) => modes.reduce((sum, { values }) => sum + (values[i] ?? 0), 0)) ?? [];
    for (const { values } of modes) {
      // A staleness marker is a NaN.
      const kept = values.filter((value) => !Number.isNaN(value));
      assert.ok(kept.every((value, i) => i === 0 || value >= (kept[i - 1] ?? 0) || value < 60));
    }
    for (let i = 1; i < sums.length; i++) {
      const seconds = ((modes[0]?.times[i] ?? 0) - (modes[0]?.times[i - 1] ?? 0)) / 1000;
      const grown = (sums[i] ?? 0) - (sums[i - 1] ?? 0);
      assert.ok(!(grown > 0) || Math.abs(grown - seconds) < 0.05, `${grown} in ${seconds} s`);
    }
  }
});

test("a target that fails leaves up at 0 and a staleness marker behind", async () => {
  const up = await read(store(), request("up", now - 6 * hour, now));
  assert.ok(up.some((series) => series.values.includes(0)));
  assert.ok(up.every((series) => series.stale === 0));
  const loads = await read(store(), request("node_load1", now - 6 * hour, now));
  assert.equal(loads.map((series) => series.stale).sort(), [0, 0, 0, 2]);
});

test("a gap has no samples, and a twin scrapes later", async () => {
  const missing = store({ isMissing: (timeMs) => timeMs > now - hour, shiftMs: 7000 });
  const [gap] = await read(missing, request("up", now - 2 * hour, now));
  assert.ok((gap?.times.at(-1) ?? 0) <= now - hour);
  const [full] = await read(store(), request("up", now - 2 * hour, now));
  assert.not.ok(full?.times.includes(gap?.times.at(-1) ?? 0));
});

test("without the replica label the order and the labels are those of the rest", async () => {
  const wanted = { ...request(".*", now - 60_000, now), withoutReplicaLabels: ["replica", "cluster"] };
  const found = await read(store(), wanted);
  assert.ok(found.every((series) => labelValue(series.labels, "replica") === undefined));
  for (let i = 1; i < found.length; i++)
    assert.ok(compareLabels(found[i - 1]?.labels ?? [], found[i]?.labels ?? []) <= 0);
});

test("label names and values follow matchers, time and limit", async () => {
  const ask = { ...request("up", now - hour, now), label: "job" };
  assert.equal(await store().labelValues(ctx, ask), ["kube-state-metrics", "kubelet", "node", "shop"]);
  assert.equal(await store().labelValues(ctx, { ...ask, limit: 2 }), ["kube-state-metrics", "kubelet"]);
  assert.equal(await store().labelNames(ctx, ask), ["__name__", "cluster", "instance", "job", "replica"]);
  const before = { minMs: now - 100 * hour, maxMs: now - 90 * hour };
  assert.equal(await store().labelNames(ctx, { ...ask, range: before }), []);
});

test("work never runs backwards", () => {
  for (let seed = 0; seed < 20; seed++) {
    let last = workSeconds(seed, now);
    for (let t = now + 500; t < now + 30 * 60_000; t += 500) {
      const next = workSeconds(seed, t);
      assert.ok(next > last, `seed ${seed} at ${t}`);
      last = next;
    }
  }
});

test.run();
