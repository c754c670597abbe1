import { addTo, combined, subtractFrom } from "../../src/model/histogram/combine.ts";
import {
  bucketCount,
  copyHistogram,
  createHistogram,
  customSchema,
  type Histogram,
  type HistogramLayout,
  type ResetHint,
  resetHints,
} from "../../src/model/histogram/histogram.ts";

/** A histogram as a script writes it. */
export interface WrittenHistogram {
  readonly histogram: Histogram;
  /** Whether the script names a reset hint: only then it is compared. */
  readonly hintIsSet: boolean;
  /** As it was written, for messages. */
  readonly text: string;
}

const hintWords: ReadonlyMap<string, ResetHint> = new Map([
  ["unknown", resetHints.unknown],
  ["reset", resetHints.reset],
  ["not_reset", resetHints.notReset],
  ["gauge", resetHints.gauge],
]);

/** Reads `{{key:value …}}`. `number` reads the numbers in it. Throws with what cannot be read. */
export function parseHistogram(text: string, number: (text: string) => number): WrittenHistogram {
  const fields = new Map<string, string>();
  const inside = text.slice(2, -2).trim();
  const field = /([a-z_]+):(\[[^\]]*\]|\S+)\s*/y;
  for (let at = 0; at < inside.length; at = field.lastIndex) {
    field.lastIndex = at;
    const [, key = "", value = ""] = field.exec(inside) ?? [];
    if (key === "") throw new Error(`cannot read the histogram ${text}`);
    fields.set(key, value);
  }
  const take = (key: string): string | undefined => {
    const value = fields.get(key);
    fields.delete(key);
    return value;
  };
  const one = (key: string): number => {
    const value = take(key);
    return value === undefined ? 0 : number(value);
  };
  const list = (key: string): number[] =>
    (take(key) ?? "[]")
      .slice(1, -1)
      .split(/\s+/)
      .filter((part) => part !== "")
      .map(number);
  const schema = one("schema");
  const positive = list("buckets");
  const negative = list("n_buckets");
  const hint = take("counter_reset_hint");
  const layout: HistogramLayout = {
    schema,
    zeroThreshold: one("z_bucket_w"),
    positive: indexes(one("offset"), positive.length),
    negative: indexes(one("n_offset"), negative.length),
    customValues: Float64Array.from(list("custom_values")),
  };
  const histogram: Histogram = {
    layout,
    resetHint: hintOf(hint),
    count: one("count"),
    sum: one("sum"),
    zeroCount: one("z_bucket"),
    buckets: Float64Array.from([...positive, ...negative]),
    at: 0,
  };
  if (fields.size > 0) throw new Error(`unknown ${[...fields.keys()].join(", ")} in the histogram ${text}`);
  return { histogram, hintIsSet: hint !== undefined, text };
}

function hintOf(word: string | undefined): ResetHint {
  const hint = hintWords.get(word ?? "unknown");
  if (hint === undefined) throw new Error(`unknown counter_reset_hint ${word}`);
  return hint;
}

function indexes(offset: number, length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => offset + i);
}

/** `first`, and `times` more, each the one before with `increment` added or taken away. */
export function histogramSequence(
  first: WrittenHistogram,
  change: { readonly sign: "+" | "-"; readonly increment: WrittenHistogram; readonly times: number },
): readonly WrittenHistogram[] {
  const { sign, increment, times } = change;
  const { hintIsSet } = increment;
  const out: WrittenHistogram[] = [{ ...first, hintIsSet }];
  let last = first.histogram;
  for (let i = 0; i < times; i++) {
    if (last.layout.schema > increment.histogram.layout.schema) {
      throw new Error(
        `error combining histograms: cannot merge from schema ${increment.histogram.layout.schema} to ${last.layout.schema}`,
      );
    }
    const next = createHistogram();
    copyHistogram(last, next);
    const flags = sign === "+" ? addTo(next, increment.histogram) : subtractFrom(next, increment.histogram);
    if ((flags & combined.incompatible) !== 0)
      throw new Error("cannot combine custom and exponential buckets");
    out.push({ histogram: next, hintIsSet, text: describeHistogram(next) });
    last = next;
  }
  return out;
}

/** A histogram in a script's notation, near enough for messages: buckets by index. */
export function describeHistogram({
  layout,
  resetHint,
  count,
  sum,
  zeroCount,
  buckets,
  at,
}: Histogram): string {
  const side = (list: Int32Array, from: number) =>
    Array.from(list, (index, i) => `${index}=${buckets[from + i]}`).join(" ");
  const parts = [`schema:${layout.schema}`, `count:${count}`, `sum:${sum}`];
  if (zeroCount !== 0 || layout.zeroThreshold !== 0)
    parts.push(`z_bucket:${zeroCount} z_bucket_w:${layout.zeroThreshold}`);
  if (layout.schema === customSchema) parts.push(`custom_values:[${layout.customValues.join(" ")}]`);
  if (layout.positive.length > 0) parts.push(`buckets:[${side(layout.positive, at)}]`);
  if (bucketCount(layout) > layout.positive.length)
    parts.push(`n_buckets:[${side(layout.negative, at + layout.positive.length)}]`);
  parts.push(`hint:${[...hintWords.keys()][resetHint]}`);
  return `{{${parts.join(" ")}}}`;
}
