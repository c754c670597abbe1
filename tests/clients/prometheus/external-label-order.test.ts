import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  createExternalLabelOrder,
  type OrderedSeries,
} from "../../../src/clients/prometheus/external-label-order.ts";
import { compareLabels, formatLabels, type Label, type Labels, labelsOf } from "../../../src/model/labels.ts";
import type { MemoryAccount } from "../../../src/store/store.ts";
import { everyCase } from "../../support/every-case.ts";
import { everySeed } from "../../support/seeded-random.ts";

const order = suite("order of series with external labels put in");
const utf8 = new TextEncoder();

interface TestSeries extends OrderedSeries {
  readonly labels: Labels;
}

function record(tag: number, content: readonly number[]): number[] {
  assert.ok(content.length < 128);
  return [tag, content.length, ...content];
}

function encode(labels: Labels): Uint8Array {
  const label = ({ name, value }: Label) =>
    record(0x0a, [...record(0x0a, [...utf8.encode(name)]), ...record(0x12, [...utf8.encode(value)])]);
  return Uint8Array.from(labels.flatMap(label));
}

function countedMemory(): MemoryAccount & { held(): number; peak(): number } {
  let held = 0;
  let peak = 0;
  return {
    take(size) {
      held += size;
      peak = Math.max(peak, held);
    },
    give(size) {
      held -= size;
    },
    held: () => held,
    peak: () => peak,
  };
}

function withLabels(labels: Labels, external: Labels): Labels {
  return [...labels, ...external].sort((a, b) => compareLabels([a], [b]));
}

interface Run {
  readonly got: readonly Labels[];
  /** Most series that waited at once. */
  readonly depth: number;
}

function run(inner: readonly Labels[], external: Labels, memory = countedMemory()): Run {
  const got: Labels[] = [];
  let depth = 0;
  const greatest = external.at(-1)?.name;
  const under = createExternalLabelOrder<TestSeries>({
    greatestName: greatest === undefined ? undefined : utf8.encode(greatest),
    memory,
    emit: (series) => got.push(series.labels),
  });
  for (const labels of inner) {
    under.push({ labels, sortedBy: encode(labels), sizeBytes: 1 });
    depth = Math.max(depth, memory.held());
  }
  under.end();
  assert.is(memory.held(), 0);
  return { got, depth };
}

/** The stream must come out as a full, stable sort of the labels with the external ones put in. */
function check(inner: readonly Labels[], external: Labels): Run {
  // Copies, so that pieces of one series are told apart.
  const sorted = inner.map((labels): Labels => [...labels]).sort(compareLabels);
  const want = sorted.toSorted((a, b) => compareLabels(withLabels(a, external), withLabels(b, external)));
  const result = run(sorted, external);
  const text = (all: readonly Labels[]) => all.map(formatLabels).join(" ");
  assert.is(text(result.got), text(want), `external ${formatLabels(external)}`);
  assert.ok(
    result.got.every((labels, i) => labels === want[i]),
    "pieces of one series keep their order",
  );
  return result;
}

order("a series waits for the extension whose next label sorts before the external one", () => {
  const up = labelsOf({ __name__: "up" });
  const a = labelsOf({ __name__: "up", a: "1" });
  const z = labelsOf({ __name__: "up", z: "1" });
  const { got } = check([up, a, z], labelsOf({ cluster: "eu" }));
  assert.equal(got, [a, up, z]);
});

order(
  "every set of series over three labels agrees with a full sort, for one to three external labels",
  () => {
    // Names around and between the external ones b, d and f; a series is absent or has one of two values per label.
    for (const external of [
      { b: "1" },
      { b: "1", d: "1" },
      { d: "2", f: "1" },
      { b: "1", d: "1", f: "1" },
      {},
    ]) {
      for (const names of [
        ["a", "c", "e"],
        ["a", "aa", "g"],
        ["c", "e", "g"],
      ]) {
        const all: Labels[] = [];
        for (const pick of everyCase())
          all.push(labelsOf(Object.fromEntries(names.map((n) => [n, ["", "1"][pick(2)]!]))));
        for (const pick of everyCase())
          check(
            all.filter(() => pick(2) === 1),
            labelsOf(external),
          );
      }
    }
  },
);

order("every set of up to four series, one label with two values, agrees with a full sort", () => {
  const all: Labels[] = [];
  for (const pick of everyCase()) {
    all.push(labelsOf({ a: ["", "1", "2"][pick(3)]!, c: ["", "1"][pick(2)]!, e: ["", "1"][pick(2)]! }));
  }
  const external = labelsOf({ b: "1", d: "1" });
  for (const pick of everyCase()) {
    const chosen = [pick(all.length), pick(all.length), pick(all.length), pick(all.length)];
    check(
      chosen.map((i) => all[i]!),
      external,
    );
  }
});

order("seeded random streams agree with a full sort", async () => {
  const names = [
    "__name__",
    "a",
    "ab",
    "cluster",
    "clusterz",
    "é",
    "job",
    "pod",
    "\u{ffff}",
    "\u{10000}",
    "zone",
  ];
  await everySeed(300, (random) => {
    const external = names.filter(() => random.below(5) === 0);
    const inner = names.filter((name) => !external.includes(name));
    const value = () => ["", "v", "vv", ""][random.below(4)]!;
    const series = Array.from({ length: random.below(60) }, () =>
      labelsOf(Object.fromEntries(inner.map((name) => [name, value()]))),
    );
    check(series, labelsOf(Object.fromEntries(external.map((name) => [name, "x"]))));
  });
});

order("a series that comes in several pieces stays together and in order", () => {
  const up = labelsOf({ __name__: "up" });
  const a = labelsOf({ __name__: "up", a: "1" });
  const job = labelsOf({ __name__: "up", job: "1" });
  const { got } = run([up, up, a, a, a, job, job], labelsOf({ cluster: "eu" }));
  assert.equal(got, [a, a, a, up, up, job, job]);
});

order("nothing waits without external labels, nor where the last label sorts past them", () => {
  const series = ["1", "2", "3"].map((pod) => labelsOf({ __name__: "up", pod }));
  assert.is(run(series, []).depth, 0);
  assert.is(run(series, labelsOf({ cluster: "eu" })).depth, 0);
  assert.is(run(series, labelsOf({ replica: "0" })).depth, 1);
});

order("a flat stream of any length holds one series", () => {
  const series = Array.from({ length: 2000 }, (_, i) =>
    labelsOf({ __name__: "up", pod: String(10_000 + i) }),
  );
  const memory = countedMemory();
  assert.is(run(series, labelsOf({ zone: "1" }), memory).got.length, 2000);
  assert.is(memory.peak(), 1);
});

order("a limit on memory ends the stream, and closing gives back what waited", () => {
  const memory = countedMemory();
  const limited: MemoryAccount = {
    ...memory,
    take(size) {
      if (memory.held() + size > 1) throw new Error("limit");
      memory.take(size);
    },
  };
  const under = createExternalLabelOrder<OrderedSeries>({
    greatestName: utf8.encode("z"),
    memory: limited,
    emit: () => assert.unreachable(),
  });
  under.push({ sortedBy: encode(labelsOf({ a: "1" })), sizeBytes: 1 });
  assert.throws(() => under.push({ sortedBy: encode(labelsOf({ a: "1", b: "1" })), sizeBytes: 1 }), "limit");
  assert.is(memory.held(), 1);
  under.close();
  assert.is(memory.held(), 0);
});

order.run();
