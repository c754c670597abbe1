import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatFloat, writeFloat } from "../../../src/http/json/float-text.ts";
import { createSeededRandom } from "../../support/seeded-random.ts";

const floats = suite("float text");

/** What Go writes, from what JavaScript writes: both give the shortest digits. */
function expected(value: number): string {
  if (Object.is(value, -0)) return "-0";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  return String(value).replace(/e([+-])(\d)$/, "e$10$2");
}

for (const [value, text] of [
  [0, "0"],
  [-0, "-0"],
  [1, "1"],
  [-1.5, "-1.5"],
  [0.1, "0.1"],
  [1e-6, "0.000001"],
  [1e-7, "1e-07"],
  [-1.5e-10, "-1.5e-10"],
  [1e20, "100000000000000000000"],
  [1e21, "1e+21"],
  [5e-324, "5e-324"],
  [1.7976931348623157e308, "1.7976931348623157e+308"],
  [0.30000000000000004, "0.30000000000000004"],
  [2 / 3, "0.6666666666666666"],
  [2 ** 53 + 2, "9007199254740994"],
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "+Inf"],
  [Number.NEGATIVE_INFINITY, "-Inf"],
] as const) {
  floats(`${text} is written as Go writes it`, () => assert.is(formatFloat(value), text));
}

floats("agrees with the shortest digits for floats of every kind", () => {
  const random = createSeededRandom(20_261_124);
  const words = new Uint32Array(2);
  const float = new Float64Array(words.buffer);
  const kinds: (() => number)[] = [
    () => float[0] as number,
    () => random.next() * 10 ** random.below(20),
    () => random.next() / 10 ** random.below(9),
    () => Math.round(random.next() * 1e7) / 10 ** random.below(9),
    () => Math.floor(random.next() * 2 ** 53),
    () => Number(`${random.below(1e9)}e${random.below(40) - 20}`),
  ];
  for (let i = 0; i < 20_000; i++) {
    words[0] = random.below(2 ** 32);
    words[1] = random.below(2 ** 32);
    for (const kind of kinds) {
      const value = kind();
      assert.is(formatFloat(value), expected(value), `${value}`);
    }
  }
});

floats("agrees around every power of ten and of two, to the neighbouring floats", () => {
  const words = new Uint32Array(2);
  const float = new Float64Array(words.buffer);
  const around = [
    ...Array.from({ length: 40 }, (_, k) => Number(`1e${k - 15}`)),
    ...Array.from({ length: 160 }, (_, k) => 2 ** (k - 80)),
  ];
  for (const center of around) {
    float[0] = center;
    const low = words[0] as number;
    for (let step = -40; step <= 40; step++) {
      words[0] = low + step;
      const value = float[0] as number;
      assert.is(formatFloat(value), expected(value), `${value}`);
    }
  }
});

floats("writes where it is told and nothing before", () => {
  const bytes = new Uint8Array(40).fill(35);
  const end = writeFloat(bytes, new DataView(bytes.buffer), 3, -12.25);
  assert.is(new TextDecoder().decode(bytes.subarray(0, end)), "###-12.25");
});

floats.run();
