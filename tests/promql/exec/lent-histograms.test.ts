import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../../src/lib/errors.ts";
import { formatHistogram } from "../../../src/model/histogram/format.ts";
import { createHistogram, type ResetHint } from "../../../src/model/histogram/histogram.ts";
import { HistogramColumn } from "../../../src/model/histogram/histogram-column.ts";
import { type Labels, labelsOf } from "../../../src/model/labels.ts";
import type { EngineOptions, QueryResult } from "../../../src/promql/engine.ts";
import { createEngine } from "../../../src/promql/exec/create-engine.ts";
import type { SampleColumn, Selectable } from "../../../src/store/samples.ts";
import { histogramOf } from "../../support/histograms.ts";
import { createMemorySelectable, type MemorySample } from "../../support/memory-selectable.ts";
import { createTestContext } from "../../support/query-context.ts";

const test = suite("histograms that are lent");

const options: EngineOptions = {
  lookbackDeltaMs: 120_000,
  defaultSubqueryStepMs: 60_000,
  maxSamples: 100_000,
  features: new Set(["promql-experimental-functions", "promql-extended-range-selectors"]),
  delayedNameRemoval: false,
};

/** Samples every minute: "." for none, "s" for stale, "f" for a float, letters for histograms that grow. */
function samplesOf(points: string, seed: number, hint: ResetHint = 0): readonly MemorySample[] {
  const samples: MemorySample[] = [];
  [...points].forEach((point, i) => {
    const timeMs = i * 60_000;
    if (point === "s") samples.push({ timeMs, value: "stale" });
    else if (point === "f") samples.push({ timeMs, value: seed + i });
    else if (point !== ".") {
      const positive = { [seed]: 1 + i, [seed + 1]: 2 * i + 1, [seed + 4]: point === "h" ? i : 0 };
      const custom = point === "c" ? { customValues: [1, 2, seed + 3] } : { negative: { 1: i } };
      const buckets = point === "c" ? { 0: i + 1, 2: seed } : positive;
      samples.push({
        timeMs,
        value: 0,
        histogram: histogramOf({ positive: buckets, sum: seed * i, hint, ...custom }),
      });
    }
  });
  return samples;
}

const data: readonly (readonly [Labels, readonly MemorySample[]])[] = [
  [labelsOf({ __name__: "h", a: "1" }), samplesOf("hhhhhhhhhh", 1)],
  [labelsOf({ __name__: "h", a: "2" }), samplesOf("hhxx..hhsh", 2)],
  [labelsOf({ __name__: "h", a: "3" }), samplesOf("ffhhfsxxhf", 3)],
  [labelsOf({ __name__: "h", a: "4" }), samplesOf("ffffffffff", 4)],
  [labelsOf({ __name__: "g", a: "1" }), samplesOf("xxxxxhhhhh", 2, 3)],
  [labelsOf({ __name__: "g", a: "3" }), samplesOf("xxx.s.hhhf", 1, 3)],
  [labelsOf({ __name__: "half", v: "1" }), samplesOf("hhh.......", 1)],
  [labelsOf({ __name__: "half", v: "2" }), samplesOf(".....hhh..", 2)],
  [labelsOf({ __name__: "n", a: "1" }), samplesOf("cccccc.ccs", 1)],
  [labelsOf({ __name__: "n", a: "2" }), samplesOf(".cccccc.cc", 2)],
];

function stored(): Selectable {
  const memory = createMemorySelectable();
  for (const [labels, samples] of data) memory.add(labels, samples);
  return memory;
}

/** Takes back what it lent with the next call, as stores may: what was there is junk then. */
function lending(from: Selectable, later: boolean): Selectable {
  return {
    select(ctx, request) {
      const source = from.select(ctx, request);
      let lent: SampleColumn | undefined;
      const pull = async (): Promise<SampleColumn | undefined> => {
        if (lent !== undefined) takeBack(lent);
        lent = await source.next();
        return lent;
      };
      const pullNow = (): SampleColumn | undefined => {
        if (lent !== undefined) takeBack(lent);
        const next = source.next();
        assert.not.instance(next, Promise);
        lent = next as SampleColumn | undefined;
        return lent;
      };
      return { next: () => (later ? pull() : pullNow()), close: () => source.close() };
    },
  };
}

const junk = histogramOf({ schema: 3, positive: { 7: 777, 9: 999 }, sum: -5 });

function takeBack({ timesMs, values, histograms, length }: SampleColumn): void {
  timesMs.fill(-7);
  values.fill(-7e77);
  if (histograms === undefined) return;
  const buckets = histograms.buckets;
  buckets.fill(-777);
  histograms.clear();
  for (let i = 0; i < length; i++) histograms.set(i, junk);
}

async function linesOf(result: QueryResult): Promise<readonly string[]> {
  const lines: string[] = [];
  const lent = createHistogram();
  try {
    for (let column = await result.next(); column !== undefined; column = await result.next()) {
      const { labels, length, values, present, histograms, timesMs } = column;
      const points = Array.from({ length }, (_, k) => {
        if (present !== undefined && present[k] === 0) return "_";
        const at = timesMs === undefined ? "" : `@${timesMs[k]}`;
        if (!histograms?.has(k)) return `${values[k]}${at}`;
        return `${formatHistogram(histograms.lend(k, lent))}/${lent.resetHint}${at}`;
      });
      lines.push([JSON.stringify(labels.all()), ...points].join(" | "));
    }
    const { warnings, infos } = result.annotations();
    return [...lines.sort(), ...[...warnings].sort(), ...[...infos].sort()];
  } finally {
    await result.close();
  }
}

const queries = [
  "h",
  "h or g",
  "-h",
  "h + on (a) g",
  "sum by (a) (h)",
  "avg(g)",
  "h @ 300",
  "h offset 1m",
  "rate(h[4m])",
  "sum(rate(n[4m]))",
  'sort_by_label(h, "a")',
  "limitk(2, h)",
  "last_over_time(h[4m:1m])",
  "increase(h[6m:1m])",
  'label_replace(h, "b", "$1", "a", "(.*)")',
  'label_replace(half, "v", "", "", "")',
  "sum_over_time(g[3m])",
  "avg_over_time(n[5m])",
  "h smoothed",
  "increase(n[3m] smoothed)",
  "resets(h[5m] anchored)",
  "histogram_count(h)",
  "histogram_sum(increase(h[3m]))",
  "histogram_quantile(0.5, rate(h[4m]))",
  'h and on (a) n{a="1"}',
  "sum(h) or h",
];

for (const delayedNameRemoval of [false, true]) {
  test(`they are not read after they were taken back, delayed removal ${delayedNameRemoval}`, async () => {
    const engine = createEngine({ ...options, delayedNameRemoval });
    for (const text of queries) {
      const query = engine.prepare(text);
      const over = { startMs: 0, endMs: 600_000, stepMs: 60_000 };
      const wants = await linesOf(query.range(createTestContext(), stored(), over));
      assert.ok(wants.length > 0, text);
      for (const later of [false, true]) {
        const got = await linesOf(query.range(createTestContext(), lending(stored(), later), over));
        assert.equal(got, wants, `${text}, later ${later}`);
      }
    }
  });
}

/** Queries that answer for each series by itself. */
const alone = [
  "h",
  "g @ 300",
  'sort_by_label(h, "a")',
  'sort_by_label(rate(h[3m]), "a")',
  "last_over_time(h[4m:1m])",
  "increase(n[6m:1m])",
  'label_replace(h, "b", "$1", "a", "(.*)")',
  "rate(h[4m])",
  "sum_over_time(g[3m])",
  "h smoothed",
];

for (const delayedNameRemoval of [false, true]) {
  test(`other series change nothing of them, delayed removal ${delayedNameRemoval}`, async () => {
    const engine = createEngine({ ...options, delayedNameRemoval });
    for (const text of alone) {
      const query = engine.prepare(text);
      for (const over of [
        { startMs: 0, endMs: 600_000, stepMs: 60_000 },
        { startMs: 300_000, endMs: 300_000, stepMs: 1 },
      ]) {
        const wants: string[] = [];
        for (const [labels, samples] of data) {
          const memory = createMemorySelectable();
          memory.add(labels, samples);
          wants.push(...(await linesOf(query.range(createTestContext(), memory, over))));
        }
        const got = await linesOf(query.range(createTestContext(), stored(), over));
        assert.equal(new Set(got), new Set(wants), text);
      }
    }
  });
}

test("series that become one keep the histograms of both", async () => {
  const engine = createEngine(options);
  const over = { startMs: 60_000, endMs: 480_000, stepMs: 60_000 };
  const pointsOf = async (text: string): Promise<readonly string[]> => {
    const [line = ""] = await linesOf(engine.prepare(text).range(createTestContext(), stored(), over));
    return line.split(" | ").slice(1);
  };
  const first = await pointsOf('half{v="1"}');
  const second = await pointsOf('half{v="2"}');
  const both = await pointsOf('label_replace(half, "v", "", "", "")');
  assert.equal(
    both,
    first.map((point, k) => (point === "_" ? second[k] : point)),
  );
  assert.is(both.filter((point) => point.includes("count")).length, 8 - 1);
});

test("the samples of a range vector are an answer", async () => {
  const engine = createEngine(options);
  for (const text of ['h{a="3"}[4m]', "h[3m:1m]", "h[9m]", "last_over_time(h[2m])[5m:1m]"]) {
    const query = engine.prepare(text);
    const at = { timeMs: 540_000 };
    const wants = await linesOf(query.instant(createTestContext(), stored(), at));
    const got = await linesOf(query.instant(createTestContext(), lending(stored(), false), at));
    assert.equal(got, wants, text);
    assert.ok(wants.length > 0 && wants[0]?.includes("@"), text);
  }
  const [line = ""] = await linesOf(
    engine.prepare('h{a="2"}[7m]').instant(createTestContext(), stored(), { timeMs: 540_000 }),
  );
  const written = samplesOf("hhxx..hhsh", 2).filter(
    ({ timeMs, histogram }) => timeMs > 120_000 && histogram !== undefined,
  );
  assert.equal(
    line.split(" | ").slice(1).map(withoutHint),
    written.map(({ timeMs, histogram }) => `${histogram && formatHistogram(histogram)}@${timeMs}`),
  );
});

function withoutHint(point: string): string {
  return point.replace(/\/\d/, "");
}

test("a subquery of one step is what it is of, resets apart", async () => {
  const engine = createEngine(options);
  const over = { startMs: 0, endMs: 600_000, stepMs: 60_000 };
  for (const name of ["h", "g", "n", "half"]) {
    const wants = await linesOf(engine.prepare(name).range(createTestContext(), stored(), over));
    const subquery = engine.prepare(`last_over_time(${name}[1m:1m])`);
    const got = await linesOf(subquery.range(createTestContext(), stored(), over));
    const hints = got.flatMap((line) => [...line.matchAll(/\/(\d)/g)].map(([, hint]) => hint));
    assert.ok(hints.length > 0 && hints.every((hint) => hint === "0" || hint === "3"), name);
    assert.equal(
      got.map((line) => line.replaceAll(/\/\d/g, "")),
      wants.map((line) => line.replaceAll(/\/\d/g, "")),
    );
  }
});

test("what is kept of them counts against the limit on samples", async () => {
  const heldOf = async (maxSamples: number): Promise<string> => {
    const engine = createEngine({ ...options, maxSamples });
    const query = engine.prepare('sort_by_label(h{a=~"1|2"}, "a")');
    try {
      await linesOf(query.instant(createTestContext(), stored(), { timeMs: 60_000 }));
      return "fits";
    } catch (error) {
      assert.instance(error, GatewayError);
      return error instanceof GatewayError ? error.message : "";
    }
  };
  // 168 bytes, two spans of two and one buckets and one of one, and 8 of time, in units of 16, twice.
  assert.is(await heldOf(2 * 14), "fits");
  assert.is(
    await heldOf(2 * 14 - 1),
    "query processing would load too many samples into memory in query execution",
  );
});

test("empty buckets that a sum does not tell from none are not in its answer", async () => {
  const engine = createEngine(options);
  const over = { startMs: 0, endMs: 600_000, stepMs: 60_000 };
  for (const func of ["rate", "increase", "irate", "delta", "idelta"]) {
    for (const op of ["sum", "avg"]) {
      // What is multiplied drops its empty buckets before it is summed up.
      const compact = `${op}(${func}(g{a="1"}[4m]) * 1)`;
      const kept = compact.replace(" * 1)", ")");
      const wants = await linesOf(engine.prepare(compact).range(createTestContext(), stored(), over));
      const got = await linesOf(engine.prepare(kept).range(createTestContext(), stored(), over));
      assert.equal(got, wants, kept);
      const same = engine.prepare(`${kept} == ${compact}`);
      const equal = await linesOf(same.range(createTestContext(), stored(), over));
      assert.is(equal[0]?.split("_").length, wants[0]?.split("_").length, `${kept} equals itself`);
      assert.ok(wants[0]?.includes("count"), kept);
    }
  }
});

test("a column that no operator owns is left as it was", async () => {
  const histograms = new HistogramColumn();
  const labels = labelsOf({ __name__: "h" });
  const written = samplesOf("hhhh", 1);
  for (const [i, { histogram }] of written.entries()) if (histogram) histograms.set(i, histogram);
  const values = new Float64Array(4);
  const column: SampleColumn = {
    labels: { get: (name) => (name === "__name__" ? "h" : ""), all: () => labels },
    length: 4,
    timesMs: Float64Array.of(0, 60_000, 120_000, 180_000),
    values,
    words: new Uint32Array(values.buffer),
    hasStale: false,
    histograms,
    startTimesMs: undefined,
  };
  const source: Selectable = {
    select: () => {
      let given = false;
      return {
        next() {
          if (given) return undefined;
          given = true;
          return column;
        },
        close: async () => undefined,
      };
    },
  };
  for (const text of queries) {
    const query = createEngine(options).prepare(text);
    await linesOf(
      query.range(createTestContext(), source, { startMs: 0, endMs: 180_000, stepMs: 60_000 }),
    ).catch(() => undefined);
    const lent = createHistogram();
    written.forEach(({ histogram }, i) => {
      assert.is(formatHistogram(histograms.lend(i, lent)), histogram && formatHistogram(histogram), text);
    });
  }
});

test.run();
