import { suite } from "uvu";
import * as assert from "uvu/assert";
import { customSchema } from "../../../src/model/histogram/histogram.ts";
import type { Column } from "../../../src/promql/exec/operator.ts";
import { createVectorMatch } from "../../../src/promql/exec/vector-match.ts";
import type { Cardinality, VectorMatching } from "../../../src/promql/syntax/ast.ts";
import { columnOf, type Entry, entriesOf, operatorOf, pullAll } from "../../support/columns.ts";
import { histogramOf } from "../../support/histograms.ts";
import { everySeed, type SeededRandom } from "../../support/seeded-random.ts";
import { createTestRun } from "../../support/test-run.ts";

const test = suite("vector matching");

/** A float, or a histogram with so many observations in its one bucket, exponential or custom. */
type Value = number | `${"exponential" | "custom"} ${number}`;
type Labels = Readonly<Record<string, string>>;
interface Series {
  readonly labels: Labels;
  readonly row: readonly (Value | undefined)[];
}
interface Sample {
  readonly labels: Labels;
  readonly value: Value;
}
type Op = "+" | "*" | "==" | ">";

function entryOf(value: Value | undefined): Entry {
  if (value === undefined || typeof value === "number") return value;
  const [kind, count] = value.split(" ");
  const positive = { 1: Number(count) };
  return histogramOf(kind === "custom" ? { customValues: [1, 2], positive, sum: 5 } : { positive, sum: 5 });
}

function valuesOf(column: Column): (Value | undefined)[] {
  return entriesOf(column).map((entry) => {
    if (typeof entry !== "object") return entry;
    return `${entry.schema === customSchema ? "custom" : "exponential"} ${Number(entry.count)}` as const;
  });
}

/** The result, whether a comparison holds, and the note; without a value the operation fails. */
function naiveOperation(op: Op, lhs: Value, rhs: Value): { value?: Value; keep: boolean; note?: string } {
  if (typeof lhs === "number" && typeof rhs === "number") {
    if (op === "+") return { value: lhs + rhs, keep: true };
    if (op === "*") return { value: lhs * rhs, keep: true };
    return { value: lhs, keep: op === "==" ? lhs === rhs : lhs > rhs };
  }
  const typeOf = (value: Value) => (typeof value === "number" ? "float" : "histogram");
  const incompatible = `incompatible sample types encountered for binary operator "${op}": ${typeOf(lhs)} ${op} ${typeOf(rhs)}`;
  if (typeof lhs === "string" && typeof rhs === "string") {
    const [[kind, a], [otherKind, b]] = [lhs.split(" "), rhs.split(" ")];
    if (op === "==") return { value: lhs, keep: lhs === rhs };
    if (op !== "+") return { keep: false, note: incompatible };
    if (kind !== otherKind)
      return { keep: false, note: "incompatible bucket layout encountered for binary operator +" };
    return { value: `${kind} ${Number(a) + Number(b)}` as Value, keep: true };
  }
  if (op !== "*") return { keep: false, note: incompatible };
  const [histogram, factor] = typeof lhs === "string" ? [lhs, rhs] : [rhs, lhs];
  const [kind, count] = String(histogram).split(" ");
  return { value: `${kind} ${Number(count) * Number(factor)}` as Value, keep: true };
}

interface Match {
  readonly op: Op;
  readonly bool: boolean;
  readonly matching: VectorMatching;
}

const pick = (labels: Labels, keep: (name: string) => boolean): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => keep(name)));
const keyOf = (labels: Labels) => JSON.stringify(Object.entries(labels).sort());

/** As upstream's VectorBinop goes through the samples of a step. Throws a text where the query fails. */
function naiveStep(
  left: readonly Sample[],
  right: readonly Sample[],
  { op, bool, matching }: Match,
): { readonly out: readonly Sample[]; readonly note: string | undefined } {
  const { card, labels: names, on, include, fillLeft, fillRight } = matching;
  const fills = fillLeft !== undefined || fillRight !== undefined;
  const isEmpty = left.length === 0 || right.length === 0;
  if ((left.length === 0 && right.length === 0) || (isEmpty && !fills)) return { out: [], note: undefined };
  const swapped = card === "one-to-many";
  const [many, one] = swapped ? [right, left] : [left, right];
  const signed = (labels: Labels) =>
    pick(labels, (name) => (on ? names.includes(name) : !names.includes(name) && name !== "__name__"));
  const ones = new Map<string, Sample>();
  for (const sample of one) {
    const key = keyOf(signed(sample.labels));
    if (ones.has(key)) throw "found duplicate series";
    ones.set(key, sample);
  }
  const out: Sample[] = [];
  const matched = new Map<string, Set<string>>();
  let note: string | undefined;
  const pair = (a: Sample, b: Sample, key: string): void => {
    const [lhs, rhs] = swapped ? [b, a] : [a, b];
    const made = naiveOperation(op, lhs.value, rhs.value);
    if (made.note !== undefined) note = made.note;
    if (made.value === undefined) return;
    let labels = a.labels;
    if (op === "+" || op === "*" || bool) labels = pick(labels, (name) => name !== "__name__");
    if (card === "one-to-one") labels = pick(labels, (name) => names.includes(name) === on);
    for (const name of include) {
      labels = pick(labels, (other) => other !== name);
      const taken = b.labels[name];
      if (taken !== undefined) labels = { ...labels, [name]: taken };
    }
    const before = matched.get(key) ?? new Set();
    matched.set(key, before);
    if (card === "one-to-one" && before.size > 0) throw "multiple matches for labels: many-to-one";
    if (before.has(keyOf(labels))) throw "multiple matches for labels: grouping labels";
    before.add(keyOf(labels));
    if (bool) out.push({ labels, value: made.keep ? 1 : 0 });
    else if (made.keep) out.push({ labels, value: made.value });
  };
  for (const sample of many) {
    const key = keyOf(signed(sample.labels));
    const other = ones.get(key);
    if (other !== undefined) pair(sample, other, key);
    else if (fillRight !== undefined) pair(sample, { labels: signed(sample.labels), value: fillRight }, key);
  }
  if (fillLeft !== undefined) {
    for (const sample of one) {
      const key = keyOf(signed(sample.labels));
      if ((matched.get(key)?.size ?? 0) === 0)
        pair({ labels: signed(sample.labels), value: fillLeft }, sample, key);
    }
  }
  return { out, note };
}

function randomSide(random: SeededRandom, steps: number): readonly Series[] {
  const made = Array.from({ length: random.below(4) }, () => ({
    labels: {
      __name__: random.oneOf(["m", "n"]),
      a: random.oneOf(["1", "2"]),
      ...(random.chance(0.5) ? { b: random.oneOf(["1", "2"]) } : {}),
    },
    row: Array.from({ length: steps }, (): Value | undefined => {
      const count = 1 + random.below(2);
      return random.oneOf([undefined, count, count, `exponential ${count}`, `custom ${count}`] as const);
    }),
  }));
  // Of one label set, one series; in label order, as they come.
  return [...new Map(made.map((series) => [keyOf(series.labels), series])).values()]
    .filter(({ row }) => row.some((value) => value !== undefined))
    .sort((x, y) => (keyOf(x.labels) < keyOf(y.labels) ? -1 : 1));
}

function randomMatch(random: SeededRandom): Match {
  const op = random.oneOf(["+", "*", "==", ">"] as const);
  const card = random.oneOf<Cardinality>(["one-to-one", "one-to-one", "many-to-one", "one-to-many"]);
  const fill = () => (random.chance(0.3) ? random.below(3) : undefined);
  return {
    op,
    bool: (op === "==" || op === ">") && random.chance(0.4),
    matching: {
      card,
      labels: random.oneOf([[], ["a"], ["b"], ["a", "b"]]),
      on: random.chance(0.6),
      include: card === "one-to-one" || random.chance(0.5) ? [] : ["b"],
      fillLeft: fill(),
      fillRight: fill(),
    },
  };
}

function samplesAt(side: readonly Series[], step: number): readonly Sample[] {
  return side.flatMap(({ labels, row }) => {
    const value = row[step];
    return value === undefined ? [] : [{ labels, value }];
  });
}

test("random vectors of floats and histograms match, step by step, as upstream matches them", async () => {
  let failures = 0;
  await everySeed(3000, async (random) => {
    const steps = 1 + random.below(3);
    const [left, right] = [randomSide(random, steps), randomSide(random, steps)];
    const match = randomMatch(random);
    const wanted = Array.from({ length: steps }, (_, k) => {
      try {
        return naiveStep(samplesAt(left, k), samplesAt(right, k), match);
      } catch (error) {
        return String(error);
      }
    });
    const run = createTestRun();
    const columns = (side: readonly Series[]) =>
      operatorOf(side.map(({ labels, row }) => columnOf(row.map(entryOf), labels)));
    const operator = createVectorMatch(run, {
      ...match,
      lhs: columns(left),
      rhs: columns(right),
      steps,
      span: { start: 0, end: 0 },
    });
    const got = new Map<string, (Value | undefined)[]>();
    let failure: string | undefined;
    try {
      await pullAll(operator, (column) => {
        const key = keyOf(Object.fromEntries(column.labels.all().map(({ name, value }) => [name, value])));
        const known = got.get(key) ?? new Array<Value | undefined>(steps).fill(undefined);
        valuesOf(column).forEach((value, k) => {
          if (value !== undefined) known[k] = value;
        });
        got.set(key, known);
      });
    } catch (error) {
      failure = (error as Error).message;
    }
    const errors = wanted.filter((step) => typeof step === "string");
    if (errors.length > 0) {
      failures++;
      assert.ok(
        errors.some((text) => failure?.startsWith(text)),
        `wants ${errors.join(" or ")}, got ${failure}`,
      );
      return;
    }
    assert.is(failure, undefined);
    const want = new Map<string, (Value | undefined)[]>();
    const notes = new Set<string>();
    wanted.forEach((step, k) => {
      if (typeof step === "string") return;
      if (step.note !== undefined) notes.add(step.note);
      for (const { labels, value } of step.out) {
        const row = want.get(keyOf(labels)) ?? new Array<Value | undefined>(steps).fill(undefined);
        row[k] = value;
        want.set(keyOf(labels), row);
      }
    });
    assert.equal([...got].sort(), [...want].sort());
    const { warnings, infos } = run.annotations();
    const said = [...warnings, ...infos].map((text) => text.replace(/^PromQL (warning|info): /, ""));
    assert.equal(said.sort(), [...notes].sort());
  });
  assert.ok(failures > 100, "some of them have to fail");
});

test("what it lends is cleared of the pair before", async () => {
  const columns = [columnOf([entryOf("exponential 1"), 2], { a: "1" }), columnOf([1, 2], { a: "2" })];
  const operator = createVectorMatch(createTestRun(), {
    op: "*",
    bool: false,
    lhs: operatorOf(columns),
    rhs: operatorOf([columnOf([2, 2], { a: "1" }), columnOf([2, 2], { a: "2" })]),
    matching: {
      card: "one-to-one",
      labels: [],
      on: false,
      include: [],
      fillLeft: undefined,
      fillRight: undefined,
    },
    steps: 2,
    span: { start: 0, end: 0 },
  });
  assert.equal(await pullAll(operator, valuesOf), [
    ["exponential 2", 4],
    [2, 4],
  ]);
});

test.run();
