import { suite } from "uvu";
import * as assert from "uvu/assert";
import { mergeBatches } from "../../src/federation/merge.ts";
import { compareLabels, formatLabels, type Labels, labelsOf } from "../../src/model/labels.ts";
import { BatchBuilder, type EncodedChunk } from "../../src/wire/batch-builder.ts";
import type { SeriesBatch } from "../../src/wire/series-batch.ts";
import { everyCase } from "../support/every-case.ts";
import { encodeChunks, type MemorySample } from "../support/memory-store.ts";
import { readBatches, seriesTexts } from "../support/read-batches.ts";
import { everySeed } from "../support/seeded-random.ts";

const test = suite("merge");

interface Row {
  readonly labels: Labels;
  readonly chunks: readonly EncodedChunk[];
}

function row(record: Readonly<Record<string, string>>, ...chunks: readonly (readonly MemorySample[])[]): Row {
  return { labels: labelsOf(record), chunks: chunks.flatMap((samples) => encodeChunks(samples)) };
}

/** A source whose batches are wiped as soon as the next one is asked for, as the contract allows. */
async function* sourceOf(rows: readonly Row[], perBatch: number, warnings: readonly string[] = []) {
  let before: SeriesBatch | undefined;
  const emit = (builder: BatchBuilder) => {
    const batch = detached(builder.take());
    for (const buffer of before?.buffers ?? []) buffer.fill(0xee);
    before?.labelStart.fill(0);
    before?.chunkStart.fill(0);
    before = batch;
    return batch;
  };
  const builder = new BatchBuilder();
  for (const warning of warnings) builder.addWarning(warning);
  for (const { labels, chunks } of rows) {
    builder.appendLabels(labels);
    for (const chunk of chunks) builder.appendChunk(chunk);
    if (builder.count >= perBatch) yield emit(builder);
  }
  if (!builder.empty) yield emit(builder);
  for (const buffer of before?.buffers ?? []) buffer.fill(0xee);
}

/** The batch over buffers of its own: a builder's slabs are shared by its batches. */
function detached(batch: SeriesBatch): SeriesBatch {
  return { ...batch, count: batch.count, buffers: batch.buffers.map((buffer) => buffer.slice()) };
}

async function merged(
  sources: readonly (readonly Row[])[],
  options: { readonly perBatch?: number; readonly rowsPerBatch?: number } = {},
): Promise<string[]> {
  const { series } = await readBatches(
    mergeBatches(
      sources.map((rows) => sourceOf(rows, options.perBatch ?? 2)),
      {
        abort: () => undefined,
        ...(options.rowsPerBatch === undefined ? {} : { rowsPerBatch: options.rowsPerBatch }),
      },
    ),
  );
  return seriesTexts(series);
}

/** Groups by label order, drops chunks of equal bytes, sorts by the rule of `ChunkMerge`. */
function naive(sources: readonly (readonly Row[])[]): string[] {
  const rows = sources.flat();
  const keys = [...new Map(rows.map((each) => [formatLabels(each.labels), each.labels])).values()].sort(
    compareLabels,
  );
  return keys.map((labels) => {
    const chunks = rows
      .filter((each) => compareLabels(each.labels, labels) === 0)
      .flatMap((each) => each.chunks);
    const unique = chunks.filter(
      (chunk, i) => !chunks.slice(0, i).some((other) => other.data.join() === chunk.data.join()),
    );
    unique.sort((a, b) => a.minMs - b.minMs || a.maxMs - b.maxMs || compareBytes(b.data, a.data));
    return `${formatLabels(labels)} ${unique.map(textOf).join(" | ")}`.trimEnd();
  });
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return (a[i] ?? 0) - (b[i] ?? 0);
  }
  return a.length - b.length;
}

const texts = new WeakMap<EncodedChunk, string>();
function chunkOf(samples: readonly MemorySample[]): EncodedChunk {
  const [chunk] = encodeChunks(samples);
  assert.ok(chunk);
  texts.set(chunk, samples.map(([t, v]) => `${t}:${v}`).join(" "));
  return chunk;
}
const textOf = (chunk: EncodedChunk) => texts.get(chunk) ?? "";

test("agrees with a naive merge for every choice of rows in three sources", async () => {
  const chunks = ["a", "b", "c"].map((source, i) => chunkOf([[i === 2 ? 1 : 5, source.charCodeAt(0)]]));
  for (const pick of everyCase()) {
    const sources = chunks.map((chunk) =>
      ["a", "b", "c"].filter(() => pick(2) === 1).map((n) => ({ labels: labelsOf({ n }), chunks: [chunk] })),
    );
    assert.equal(await merged(sources), naive(sources));
  }
});

test("agrees with a naive merge for random rows, batches and repeated labels", async () => {
  const letters = ["", "a", "b", "aa", "é", "\uff5e", "😀"];
  await everySeed(300, async (random) => {
    const pool = Array.from({ length: 12 }, () =>
      chunkOf(
        Array.from(
          { length: 1 + random.below(3) },
          (_, i): MemorySample => [random.below(4) + 10 * i, random.below(3)],
        ),
      ),
    );
    const sources = Array.from({ length: random.below(6) }, () =>
      Array.from(
        { length: random.below(20) },
        (): Row => ({
          labels: labelsOf({ __name__: "up", a: random.oneOf(letters), b: random.oneOf(letters) }),
          chunks: Array.from({ length: random.below(4) }, () => random.oneOf(pool)),
        }),
      ).sort((x, y) => compareLabels(x.labels, y.labels)),
    );
    const options = { perBatch: 1 + random.below(5), rowsPerBatch: 1 + random.below(8) };
    assert.equal(await merged(sources, options), naive(sources));
  });
});

test("copies of a chunk are dropped, other chunks of the same times stay, the larger data first", async () => {
  const same = [
    [0, 1],
    [1, 2],
  ] as const;
  assert.equal(
    await merged([
      [row({ a: "1" }, same, [[5, 5]])],
      [
        row({ a: "1" }, same, [
          [0, 11],
          [1, 22],
        ]),
      ],
    ]),
    ['{a="1"} 0:11 1:22 | 0:1 1:2 | 5:5'],
  );
});

test("chunks of a single row are ordered as well", async () => {
  assert.equal(
    await merged([
      [
        row(
          { a: "1" },
          [[4, 3]],
          [
            [0, 0],
            [2, 1],
          ],
        ),
      ],
    ]),
    ['{a="1"} 0:0 2:1 | 4:3'],
  );
});

test("a source that repeats labels goes on with the same series, also in its next batch", async () => {
  assert.equal(
    await merged([[row({ a: "1" }, [[1, 1]]), row({ a: "1" }, [[2, 2]]), row({ a: "1" }, [[3, 3]])]], {
      perBatch: 1,
    }),
    ['{a="1"} 1:1 | 2:2 | 3:3'],
  );
});

test("warnings go out before the rows, also while other sources are silent", async () => {
  let release: () => void = () => undefined;
  const silent = async function* () {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    yield* sourceOf([row({ a: "1" })], 1);
  };
  const stream = mergeBatches([silent(), sourceOf([], 1, ["careful"])], {
    abort: () => release(),
  });
  const first = await stream.next();
  assert.equal(first.value?.warnings, ["careful"]);
  assert.is(first.value?.count, 0);
  await stream.return();
});

test("leaving aborts first, so that a silent source lets go, then closes every source", async () => {
  const closed: string[] = [];
  const abort = new AbortController();
  const source = async function* (name: string, silent: boolean) {
    try {
      yield* sourceOf([row({ a: name })], 1);
      if (silent) {
        await new Promise((_, reject) => {
          abort.signal.addEventListener("abort", () => reject(new Error("let go")));
        });
      }
      yield* sourceOf([row({ a: `${name}${name}` })], 1);
    } finally {
      closed.push(`${name} ${abort.signal.aborted ? "after abort" : "before abort"}`);
    }
  };
  const stream = mergeBatches([source("b", false), source("c", true)], {
    abort: () => abort.abort(),
  });
  await stream.next();
  await stream.return();
  assert.equal(closed.sort(), ["b after abort", "c after abort"]);
});

test("what a source throws ends the merge, and closes the others", async () => {
  let closed = false;
  const failing = async function* () {
    yield* sourceOf([row({ a: "1" })], 1);
    throw new Error("boom");
  };
  const other = async function* () {
    try {
      yield* sourceOf([row({ a: "0" }), row({ a: "2" })], 1);
    } finally {
      closed = true;
    }
  };
  let caught: unknown;
  try {
    await readBatches(mergeBatches([failing(), other()], { abort: () => undefined }));
  } catch (error) {
    caught = error;
  }
  assert.is((caught as Error).message, "boom");
  assert.ok(closed);
});

test.run();
