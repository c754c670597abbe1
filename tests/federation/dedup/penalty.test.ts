import { suite } from "uvu";
import * as assert from "uvu/assert";
import { chainReplicas } from "../../../src/federation/dedup/chain.ts";
import { foldCounters } from "../../../src/federation/dedup/counter-fold.ts";
import { mergeCounterPenalty, mergePenalty } from "../../../src/federation/dedup/penalty.ts";
import { type Replica, replicaOf } from "../../../src/federation/dedup/replica.ts";
import { SampleBuffer } from "../../../src/wire/sample-buffer.ts";
import { everyCase } from "../../support/every-case.ts";
import { naiveDedup, type Sample } from "../../support/naive-dedup.ts";
import { everySeed, type SeededRandom } from "../../support/seeded-random.ts";

const test = suite("penalty dedup");

/** A replica that decodes its pieces one by one, as chunks are, and leaves out what may be left out. */
function pieces(parts: readonly (readonly Sample[])[], skips: boolean): Replica {
  const samples = new SampleBuffer(4);
  const left = parts.filter((part) => part.length > 0);
  return {
    samples,
    at: 0,
    nextMinMs: () => left[0]?.[0]?.t ?? Number.POSITIVE_INFINITY,
    fill(fromMs) {
      while (skips && left.length > 0 && (left[0]?.at(-1)?.t ?? 0) < fromMs) left.shift();
      const part = left.shift();
      if (part === undefined) return false;
      samples.ensure(part.length);
      for (const { t, v } of part) {
        samples.times[samples.length] = t;
        samples.values[samples.length++] = v;
      }
      return true;
    },
  };
}

function whole(samples: readonly Sample[]): Replica {
  const replica = pieces([samples], false);
  replica.fill(0);
  return replicaOf(replica.samples);
}

function listed({ times, values, length }: SampleBuffer): Sample[] {
  return Array.from({ length }, (_, i) => ({ t: times[i] ?? 0, v: values[i] ?? 0 }));
}

type Run = (replicas: readonly Replica[], counter: boolean) => Sample[];
const run: Run = (replicas, counter) => {
  const [first, second, ...others] = replicas;
  assert.ok(first && second);
  let out = new SampleBuffer(4);
  if (counter && others.length > 0) foldCounters(replicas, out);
  else if (counter) mergeCounterPenalty(first, second, out);
  else {
    mergePenalty(first, second, out);
    for (const other of others) {
      const next = new SampleBuffer(4);
      mergePenalty(replicaOf(out), other, next);
      out = next;
    }
  }
  return listed(out);
};

function at(...pairs: readonly (readonly [number, number])[]): Sample[] {
  return pairs.map(([t, v]) => ({ t, v }));
}
const times = (list: readonly Sample[]) => list.map(({ t }) => t);
const timed = (value: number, ...ms: readonly number[]) => ms.map((t) => ({ t, v: value }));

const vectors: readonly { name: string; a: Sample[]; b: Sample[]; out: Sample[] }[] = [
  {
    name: "equal times go to the first replica",
    a: timed(1, 10_000, 20_000, 30_000, 40_000),
    b: timed(2, 10_000, 20_000, 30_000, 40_000),
    out: timed(1, 10_000, 20_000, 30_000, 40_000),
  },
  {
    name: "the replica that begins first is kept",
    a: timed(1, 10_100, 20_100, 30_100, 40_100),
    b: timed(2, 10_000, 20_000, 30_000, 40_000),
    out: timed(2, 10_000, 20_000, 30_000, 40_000),
  },
  {
    name: "one missing sample is no reason to switch",
    a: timed(1, 10_000, 20_000, 40_000),
    b: timed(2, 10_000, 20_000, 30_000, 40_000),
    out: timed(1, 10_000, 20_000, 40_000),
  },
  {
    name: "one missing sample is no reason to switch to a shifted replica",
    a: timed(1, 10_000, 20_000, 40_000),
    b: timed(2, 15_000, 25_000, 35_000, 45_000),
    out: timed(1, 10_000, 20_000, 40_000),
  },
  {
    name: "a longer gap switches",
    a: timed(1, 10_000, 20_000, 30_000, 60_000, 70_000),
    b: timed(2, 10_100, 20_100, 30_100, 40_100, 50_100, 60_100),
    out: [...timed(1, 10_000, 20_000), ...timed(1, 30_000), ...timed(2, 50_100, 60_100)],
  },
];

for (const { name, a, b, out } of vectors) {
  test(name, () => assert.equal(run([whole(a), whole(b)], false), out));
}

const counterA = at(
  [10_000, 8],
  [20_000, 9],
  [50_001, 10],
  [60_000, 11],
  [70_000, 12],
  [80_000, 13],
  [90_000, 14],
  [100_000, 15],
);
const counterB = at([10_001, 8], [45_001, 8.5], [55_001, 9.5], [65_001, 10.5]);

test("the oracle gives upstream's unit vectors of issue 2401 with iterators that seek back", () => {
  const options = { counter: true, seeksBack: true };
  assert.equal(
    naiveDedup([counterA, counterB], options),
    at([10_000, 8], [20_000, 9], [45_001, 9], [55_001, 10], [65_001, 11], [90_000, 14], [100_000, 15]),
  );
  assert.equal(
    naiveDedup([counterA, counterB], { counter: false, seeksBack: true }),
    at([10_000, 8], [20_000, 9], [45_001, 8.5], [55_001, 9.5], [65_001, 10.5], [90_000, 14], [100_000, 15]),
  );
});

test("a counter that switches to a lower replica does not fall, and seeks go forward only", () => {
  assert.equal(
    run([whole(counterA), whole(counterB)], true),
    at([10_000, 8], [20_000, 9], [45_001, 9], [55_001, 10], [65_001, 11], [100_000, 15]),
  );
});

function checkEvery(slots: readonly number[], shiftMs: number): void {
  for (const pick of everyCase()) {
    const cut = pick(2) === 1;
    const lists = ["a", "b"].map((name) =>
      slots
        .filter(() => pick(2) === 1)
        .map((t, i) => ({ t: name === "a" ? t : t + shiftMs, v: (name === "a" ? 7 : 3) * i })),
    );
    for (const counter of [false, true]) {
      const replicas = lists.map((list) =>
        cut ? pieces([list.slice(0, 2), list.slice(2)], !counter) : whole(list),
      );
      assert.equal(run(replicas, counter), naiveDedup(lists, { counter }));
    }
  }
}

test("agrees with upstream's iterators for every choice of samples in two replicas, however they are cut", () => {
  checkEvery([0, 4000, 9000, 20_000, 22_000, 30_000], 500);
});

test("agrees with upstream's iterators where times are equal", () => {
  checkEvery([0, 1000, 7000, 20_000, 50_000], 0);
});

/** Scrapes with jitter and gaps, values that may be reset. */
function randomReplica(random: SeededRandom): Sample[] {
  const step = random.oneOf([1000, 15_000, 60_000]);
  const gaps = random.oneOf([0, 0.05, 0.5]);
  const jitter = random.oneOf([0, 1, 400]);
  const samples: Sample[] = [];
  let value = random.below(100);
  for (let t = random.below(20_000), i = 0; i < 60; i++, t += step) {
    value = random.chance(0.05) ? random.below(5) : value + random.below(10);
    if (random.chance(gaps)) continue;
    if (random.chance(gaps / 5)) i += 10;
    samples.push({ t: t + random.below(jitter + 1), v: value });
  }
  return samples;
}

function randomCuts(random: SeededRandom, samples: readonly Sample[]): Sample[][] {
  const parts: Sample[][] = [];
  for (let from = 0; from < samples.length; ) {
    const to = from + 1 + random.below(20);
    parts.push(samples.slice(from, to));
    from = to;
  }
  return parts;
}

test("agrees with upstream's iterators for random replicas, two to four of them", async () => {
  await everySeed(1500, (random) => {
    const lists = Array.from({ length: 2 + random.below(3) }, () => randomReplica(random));
    for (const counter of [false, true]) {
      const replicas = lists.map((list) => pieces(randomCuts(random, list), !counter));
      assert.equal(run(replicas, counter), naiveDedup(lists, { counter }));
    }
  });
});

test("staleness markers keep their bits through a merge", () => {
  const a = new SampleBuffer();
  a.push(10_000, 2, 0x7ff00000);
  a.push(20_000, 0, 0x3ff00000);
  const out = new SampleBuffer();
  mergePenalty(replicaOf(a), replicaOf(new SampleBuffer()), out);
  assert.equal([...out.words.subarray(0, 4)], [2, 0x7ff00000, 0, 0x3ff00000]);
});

test("chunks of a replica that cannot be needed are not decoded", () => {
  const a = pieces([timed(1, 10_000, 20_000, 30_000), timed(1, 40_000, 50_000)], true);
  const b = pieces([timed(2, 14_000, 24_000, 34_000), timed(2, 44_000, 54_000)], true);
  const out = new SampleBuffer();
  mergePenalty(a, b, out);
  assert.equal(times(listed(out)), [10_000, 20_000, 30_000, 40_000, 50_000]);
  assert.is(b.samples.length, 3);
});

test("chain keeps the union of all times", () => {
  const chained = (...lists: Sample[][]) => {
    const out = new SampleBuffer(1);
    chainReplicas(lists.map(whole), out);
    return listed(out);
  };
  assert.equal(
    chained(timed(1, 1, 2, 3), timed(2, 1, 2, 3)).map(({ t }) => t),
    [1, 2, 3],
  );
  assert.equal(times(chained(timed(1, 1, 3), timed(2, 1, 2, 3))), [1, 2, 3]);
  assert.equal(times(chained(timed(1, 1, 3, 4), timed(2, 2, 4, 5), timed(3, 0, 6))), [0, 1, 2, 3, 4, 5, 6]);
  assert.equal(times(chained([], timed(2, 2))), [2]);
  assert.equal(chained([], []), []);
});

test("chain holds each time once, for every choice of samples in three replicas", () => {
  for (const pick of everyCase()) {
    const lists = [1, 2, 3].map((value) => timed(value, ...[1, 2, 3].filter(() => pick(2) === 1)));
    const out = new SampleBuffer(1);
    chainReplicas(lists.map(whole), out);
    const union = [...new Set(lists.flatMap(times))].sort((x, y) => x - y);
    assert.equal(times(listed(out)), union);
    for (const { t, v } of listed(out)) assert.ok(lists[v - 1]?.some((sample) => sample.t === t));
  }
});

test.run();
