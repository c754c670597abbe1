import { GatewayError } from "../../lib/errors.ts";
import type { Labels } from "../../model/labels.ts";
import { type Hash64, xxhash64 } from "../../wire/xxhash64.ts";
import { invalidRatio, type ParameterPlace } from "../annotation-texts.ts";
import { extremesOf } from "../functions/parameter-extremes.ts";
import type { Grouping } from "./grouping.ts";
import { filterColumn } from "./instant-call.ts";
import type { Column, Operator, ScalarOperator } from "./operator.ts";
import { afterPreparing, pullMapped, whenReady } from "./pull.ts";
import type { Run } from "./run.ts";
import { limitsOf } from "./top-k.ts";

export interface Limit {
  readonly input: Operator;
  readonly param: ScalarOperator;
  readonly steps: number;
  /** The parameter in the text. */
  readonly place: ParameterPlace;
}

/** limitk: the first k series of each group at each step, in the order of the input. */
export function createLimitK(run: Run, limit: Limit, grouping: Grouping): Operator {
  const { steps } = limit;
  const taken = new Map<string, Int32Array>();
  const keep = new Uint8Array(steps);
  let limits: Int32Array = new Int32Array(0);
  const pick = (column: Column): Column | undefined => {
    const key = grouping.keyOf(column.labels);
    let counts = taken.get(key);
    if (counts === undefined) {
      run.hold(Math.ceil(steps / 2));
      counts = new Int32Array(steps);
      taken.set(key, counts);
    }
    for (let k = 0; k < steps; k++) {
      const count = counts[k] as number;
      const free = count < (limits[k] as number);
      keep[k] = free ? 1 : 0;
      if (free) counts[k] = count + (column.present[k] as number);
    }
    filterColumn(column, keep);
    return column.count === 0 ? undefined : column;
  };
  return filtering(limit, pick, (k) => {
    limits = limitsOf(k);
  });
}

/** limit_ratio: the series whose hash falls into the first part of its range, or for a negative ratio the last. */
export function createLimitRatio(run: Run, limit: Limit): Operator {
  const keep = new Uint8Array(limit.steps);
  let ratios: Float64Array = new Float64Array(0);
  const pick = (column: Column): Column | undefined => {
    const place = placeOf(column.labels.all());
    for (let k = 0; k < keep.length; k++) {
      const ratio = ratios[k] as number;
      keep[k] = ratio >= 0 ? Number(place < ratio) : Number(place >= 1 + ratio);
    }
    filterColumn(column, keep);
    return column.count === 0 ? undefined : column;
  };
  return filtering(limit, pick, (values) => {
    const { least, most, hasNaN } = extremesOf(values);
    if (hasNaN) throw new GatewayError("execution", "Ratio value is NaN");
    if (most > 1) run.annotate(invalidRatio(most, 1, limit.place));
    if (least < -1) run.annotate(invalidRatio(least, -1, limit.place));
    ratios = values;
  });
}

function filtering(
  { input, param }: Limit,
  pick: (column: Column) => Column | undefined,
  accept: (values: Float64Array) => void,
): Operator {
  return {
    names: input.names,
    ordered: input.ordered,
    repeats: input.repeats,
    next: afterPreparing(
      () => {
        const ready = whenReady(param.read(), accept);
        return ready instanceof Promise ? ready : undefined;
      },
      () => pullMapped(input, pick),
    ),
  };
}

const encoder = new TextEncoder();
const hash: Hash64 = { low: 0, high: 0 };

/** Where a label set lies between 0 and 1: upstream's hash over its labels, each text led by its length. */
function placeOf(labels: Labels): number {
  const bytes: number[] = [];
  for (const { name, value } of labels) {
    for (const text of [name, value]) {
      const encoded = encoder.encode(text);
      const { length } = encoded;
      if (length < 255) bytes.push(length);
      else bytes.push(255, length & 0xff, (length >> 8) & 0xff, (length >> 16) & 0xff);
      for (const byte of encoded) bytes.push(byte);
    }
  }
  xxhash64(Uint8Array.from(bytes), 0, bytes.length, hash);
  return ((hash.high >>> 0) * 2 ** 32 + (hash.low >>> 0)) / 2 ** 64;
}
