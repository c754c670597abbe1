import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createProxyStore } from "../../src/federation/proxy-store.ts";
import { createSelectable } from "../../src/federation/select.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { compareLabels, formatLabels, type Labels, labelsOf } from "../../src/model/labels.ts";
import { systemClock, yieldToLoop } from "../../src/runtime/clock.ts";
import { createMemoryLimit } from "../../src/store/memory-limit.ts";
import type { QueryContext, Store } from "../../src/store/store.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { BatchBuilder } from "../../src/wire/batch-builder.ts";
import {
  createMemoryStore,
  createTestContext,
  encodeChunks,
  type MemorySample,
  seriesRequest,
} from "../support/memory-store.ts";
import { readBatches, seriesTexts } from "../support/read-batches.ts";
import { readColumns } from "../support/read-columns.ts";
import { everySeed, type SeededRandom } from "../support/seeded-random.ts";

const test = suite("simulated clusters");

/** What a store does besides answering. */
type Fault = "none" | "fails" | "silent" | "unsorted" | "lacks replica support";

interface Row {
  readonly labels: Labels;
  readonly samples: readonly MemorySample[];
}

interface SimStore {
  readonly name: string;
  readonly fault: Fault;
  readonly rows: readonly Row[];
  /** Rows that come through before the fault shows. */
  readonly delivered: readonly Row[];
}

/** What the world saw of the stores. */
interface World {
  open: number;
  readonly stores: readonly SimStore[];
  readonly warnings: number;
  isSilent(): boolean;
}

const replicaLabel = "replica";

function createWorld(random: SeededRandom): World {
  const faulty = random.chance(0.6);
  const metrics = Array.from({ length: 1 + random.below(12) }, () =>
    labelsOf({
      __name__: random.oneOf(["up", "down"]),
      instance: random.oneOf(["a", "aa", "b", "é", "\uff5e", "😀"]),
      zone: random.oneOf(["", "1", "2"]),
    }),
  );
  const stores = Array.from({ length: 1 + random.below(6) }, (_, i): SimStore => {
    const fault: Fault = faulty
      ? random.oneOf(["none", "none", "fails", "silent", "unsorted", "lacks replica support"])
      : "none";
    return createStore(random, `store-${i}:1`, fault, metrics);
  });
  const twin = stores[0];
  if (twin !== undefined && random.chance(0.3)) stores.push({ ...twin, name: "twin:1" });
  const failing = stores.filter(
    ({ fault, rows, delivered }) => fault === "fails" || delivered.length < rows.length,
  );
  return {
    open: 0,
    stores,
    warnings: failing.length,
    isSilent: () => stores.some(({ fault }) => fault === "silent"),
  };
}

function createStore(random: SeededRandom, name: string, fault: Fault, metrics: readonly Labels[]): SimStore {
  const chosen = metrics.filter(() => random.chance(0.7)).sort(compareLabels);
  const rows = chosen.map((labels): Row => {
    const from = 1000 * random.below(5);
    return {
      labels,
      samples: Array.from({ length: 1 + random.below(300) }, (_, n): MemorySample => [from + 15_000 * n, n]),
    };
  });
  if (fault === "unsorted") {
    const shuffled = [...rows].sort(() => random.next() - 0.5);
    const breaks = shuffled.findIndex(
      (row, i) => i > 0 && compareLabels((shuffled[i - 1] as Row).labels, row.labels) > 0,
    );
    return { name, fault, rows: shuffled, delivered: breaks < 0 ? shuffled : shuffled.slice(0, breaks) };
  }
  if (fault === "fails")
    return { name, fault, rows, delivered: rows.slice(0, random.below(rows.length + 1)) };
  return { name, fault, rows, delivered: rows };
}

/** The store as the federation meets it: batches of any size, pauses anywhere, its fault at its place. */
function play(world: World, sim: SimStore, random: SeededRandom): Store {
  const lacks = sim.fault === "lacks replica support";
  const pause = async (ctx: QueryContext) => {
    for (let turns = random.chance(0.3) ? random.below(3) : 0; turns > 0; turns--) await yieldToLoop();
    ctx.signal.throwIfAborted();
  };
  return {
    ...createMemoryStore({ name: sim.name, series: [], info: { supportsWithoutReplicaLabels: !lacks } }),
    async *series(ctx) {
      world.open++;
      try {
        const builder = new BatchBuilder();
        const perBatch = 1 + random.below(5);
        for (const { labels, samples } of sim.fault === "fails" ? sim.delivered : sim.rows) {
          const all = lacks ? [...labels, { name: replicaLabel, value: sim.name }] : labels;
          builder.appendLabels([...all].sort((a, b) => (a.name < b.name ? -1 : 1)));
          for (const chunk of encodeChunks(samples)) builder.appendChunk(chunk);
          if (builder.count < perBatch) continue;
          await pause(ctx);
          yield builder.take();
        }
        await pause(ctx);
        if (!builder.empty) yield builder.take();
        if (sim.fault === "fails")
          throw new GatewayError("unavailable", "rpc error: code = Unavailable desc = cut");
        if (sim.fault === "silent") await silence(ctx.signal);
      } finally {
        world.open--;
      }
    },
  };
}

function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

function federate(world: World, random: SeededRandom): Store {
  const endpoints = world.stores.map((sim) => ({
    address: sim.name,
    store: play(world, sim, random),
    tsdbInfos: [],
  }));
  return createProxyStore({ endpoints: () => endpoints, metrics: noMetrics, clock: systemClock });
}

/** All delivered rows in label order, each label set once, chunks once, in order. */
function oracle(world: World): string[] {
  const rows = world.stores.flatMap(({ delivered }) => delivered);
  const labelSets = new Map(rows.map(({ labels }) => [formatLabels(labels), labels]));
  return [...labelSets.values()].sort(compareLabels).map((labels) => {
    const chunks = rows
      .filter((row) => compareLabels(row.labels, labels) === 0)
      .flatMap(({ samples }) =>
        encodeChunks(samples).map((chunk, i) => ({
          ...chunk,
          text: textOf(samples.slice(120 * i, 120 * (i + 1))),
        })),
      );
    const once = chunks.filter((chunk, i) => chunks.findIndex(({ text }) => text === chunk.text) === i);
    once.sort((a, b) => a.minMs - b.minMs || a.maxMs - b.maxMs || compareBytes(b.data, a.data));
    return `${formatLabels(labels)} ${once.map(({ text }) => text).join(" | ")}`.trimEnd();
  });
}

const textOf = (samples: readonly MemorySample[]) => samples.map(([t, v]) => `${t}:${v}`).join(" ");

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return (a[i] ?? 0) - (b[i] ?? 0);
  return a.length - b.length;
}

const request = seriesRequest({ withoutReplicaLabels: [replicaLabel] });

test("whatever the stores do, what they delivered is answered, sorted, once, with a warning for each that failed", async () => {
  await everySeed(300, async (random) => {
    const world = createWorld(random);
    if (world.isSilent()) return;
    const limit = createMemoryLimit(64 << 20);
    const ctx = createTestContext({ memory: limit.account() });
    const { series, warnings } = await readBatches(federate(world, random).series(ctx, request));
    assert.equal(seriesTexts(series), oracle(world));
    assert.is(warnings.length, world.warnings, warnings.join("\n"));
    assert.is(world.open, 0);
    assert.is(limit.heldBytes(), 0);
  });
});

test("under abort the answer is whole or an error", async () => {
  await everySeed(300, async (random) => {
    const world = createWorld(random);
    if (world.isSilent()) return;
    const stream = federate(world, random).series(createTestContext(), {
      ...request,
      partialResponse: "abort",
    });
    let failed = false;
    try {
      assert.equal(seriesTexts((await readBatches(stream)).series), oracle(world));
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      failed = true;
    }
    assert.is(failed, world.warnings > 0);
    assert.is(world.open, 0);
  });
});

test("a query that is left, or whose time is up among silent stores, ends at once and leaves nothing open", async () => {
  await everySeed(300, async (random) => {
    const world = createWorld(random);
    const limit = createMemoryLimit(64 << 20);
    const abort = new AbortController();
    const ctx = createTestContext({ memory: limit.account(), signal: abort.signal });
    const source = createSelectable(federate(world, random), {
      clock: systemClock,
      dedup: true,
      replicaLabels: [replicaLabel],
      algorithm: random.oneOf(["penalty", "chain"]),
      partialResponse: "warn",
    }).select(ctx, {
      matchers: request.matchers,
      range: { minMs: 0, maxMs: 1e12 },
      func: random.oneOf(["", "rate"]),
      rangeMs: 60_000,
      stepMs: 1000,
    });
    const leaves = random.chance(0.5);
    const read = readColumns(source).then(
      () => "read",
      (error: unknown) => error,
    );
    for (let turns = random.below(6); turns > 0; turns--) await yieldToLoop();
    if (leaves || world.isSilent()) abort.abort(new GatewayError("timeout", "time is up"));
    const outcome = await read;
    if (outcome !== "read") assert.is((outcome as GatewayError).code, "timeout", String(outcome));
    await yieldToLoop();
    assert.is(world.open, 0);
    assert.is(limit.heldBytes(), 0);
  });
});

test("a consumer that stops anywhere closes every store", async () => {
  await everySeed(200, async (random) => {
    const world = createWorld(random);
    const scope = new AbortController();
    let left = random.below(8);
    const read = (async () => {
      const ctx = createTestContext({ signal: scope.signal });
      for await (const _ of federate(world, random).series(ctx, request)) if (left-- <= 0) break;
    })().catch((error: unknown) => error);
    if (world.isSilent()) {
      for (let turns = 0; turns < 20; turns++) await yieldToLoop();
      scope.abort(new GatewayError("canceled", "left"));
    }
    await read;
    assert.is(world.open, 0);
  });
});

test.run();
