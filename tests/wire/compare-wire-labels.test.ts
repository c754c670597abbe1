import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Label, type Labels, labelsOf } from "../../src/model/labels.ts";
import { compareWireLabels, equalWireLabels } from "../../src/wire/compare-wire-labels.ts";
import { encodeLabels } from "../../src/wire/wire-labels.ts";
import { everyCase } from "../support/every-case.ts";
import { everySeed, type SeededRandom } from "../support/seeded-random.ts";

const order = suite("order of label regions");

const encoder = new TextEncoder();

/** Go's labels.Compare over the UTF-8 bytes of every string. */
function naiveCompare(a: Labels, b: Labels): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const x = a[i] as Label;
    const y = b[i] as Label;
    const byName = naiveBytes(x.name, y.name);
    if (byName !== 0) return byName;
    const byValue = naiveBytes(x.value, y.value);
    if (byValue !== 0) return byValue;
  }
  return Math.sign(a.length - b.length);
}

function naiveBytes(a: string, b: string): number {
  const x = [...encoder.encode(a)];
  const y = [...encoder.encode(b)];
  for (let i = 0; i < x.length && i < y.length; i++) {
    if (x[i] !== y[i]) return Math.sign((x[i] as number) - (y[i] as number));
  }
  return Math.sign(x.length - y.length);
}

function check(a: Labels, b: Labels): void {
  const x = encodeLabels(a);
  const y = encodeLabels(b);
  const bytes = new Uint8Array(x.length + y.length + 18).fill(0xaa).subarray(11);
  bytes.set(x, 2);
  bytes.set(y, x.length + 5);
  const at = [bytes, 2, x.length + 2, bytes, x.length + 5, x.length + 5 + y.length] as const;
  const note = `${JSON.stringify(a)} and ${JSON.stringify(b)}`;
  const expected = naiveCompare(a, b);
  assert.is(Math.sign(compareWireLabels(...at)), expected, note);
  assert.is(equalWireLabels(...at), expected === 0, note);
}

order("agrees with Go's for every pair of small label sets", () => {
  const strings = ["", "a", "b", "aa", "ab"];
  const sets: Labels[] = [];
  for (const pick of everyCase()) {
    const record: Record<string, string> = {};
    for (const name of ["a", "aa", "b"]) record[name] = strings[pick(strings.length)] as string;
    sets.push(labelsOf(record));
  }
  assert.is(sets.length, 125);
  for (const a of sets) for (const b of sets) check(a, b);
});

order("is by bytes where UTF-16 and lengths would say otherwise", () => {
  const values = [
    "～",
    "😀",
    "b",
    "aa",
    "a\0",
    "a",
    "a\u0001",
    "\u007f",
    "\u0080",
    "é",
    "x".repeat(127),
    "x".repeat(128),
  ];
  values.push("x".repeat(129), `${"x".repeat(127)}y`, "x".repeat(16_383), "x".repeat(16_384));
  for (const a of values) {
    for (const b of values) {
      check(labelsOf({ l: a }), labelsOf({ l: b }));
      check(labelsOf({ [a]: "v" }), labelsOf({ [b]: "v" }));
      check(labelsOf({ a: "1", l: a, z: "2" }), labelsOf({ a: "1", l: b, z: "1" }));
    }
  }
});

order("agrees with Go's for random sets that share much", () =>
  everySeed(200, (random) => {
    const base = randomSet(random);
    for (let round = 0; round < 100; round++) {
      const other = random.chance(0.2) ? randomSet(random) : mutated(random, base);
      check(base, other);
      check(other, base);
    }
  }),
);

const pieces = [
  "a",
  "b",
  "ab",
  "\0",
  "\u0001",
  "é",
  "～",
  "😀",
  "\u{10ffff}",
  "x".repeat(60),
  "y".repeat(70),
  "",
];

function randomText(random: SeededRandom): string {
  let text = random.oneOf(pieces);
  while (random.chance(0.5)) text += random.oneOf(pieces);
  return text;
}

function randomSet(random: SeededRandom): Labels {
  const record: Record<string, string> = {};
  for (let count = random.below(6); count > 0; count--) record[randomText(random)] = randomText(random);
  return labelsOf(record);
}

function mutated(random: SeededRandom, set: Labels): Labels {
  const record = Object.fromEntries(set.map(({ name, value }) => [name, value]));
  const names = Object.keys(record);
  const name = names.length > 0 ? random.oneOf(names) : "a";
  if (random.chance(0.3)) delete record[name];
  else record[random.chance(0.7) ? name : name + randomText(random)] = randomText(random);
  return labelsOf(record);
}

order.run();
