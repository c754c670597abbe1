/**
 * Go's container/heap over pairs of value and series, as topk and bottomk use it: equal values end up where upstream's
 * do. Heaps of all steps of a group lie one after the other, `room` pairs each.
 */
export interface ValueHeaps {
  readonly largest: boolean;
  room: number;
  values: Float64Array;
  series: Int32Array;
  readonly sizes: Int32Array;
}

export function createHeaps(steps: number, room: number, largest: boolean): ValueHeaps {
  return {
    largest,
    room,
    values: new Float64Array(steps * room),
    series: new Int32Array(steps * room),
    sizes: new Int32Array(steps),
  };
}

/** Makes room for `room` pairs a step. */
export function growHeaps(heaps: ValueHeaps, room: number): void {
  const steps = heaps.sizes.length;
  const values = new Float64Array(steps * room);
  const series = new Int32Array(steps * room);
  for (let k = 0; k < steps; k++) {
    const from = k * heaps.room;
    values.set(heaps.values.subarray(from, from + heaps.room), k * room);
    series.set(heaps.series.subarray(from, from + heaps.room), k * room);
  }
  heaps.room = room;
  heaps.values = values;
  heaps.series = series;
}

/** Offers a value to the heap of `step`, which keeps the best `limit`. Answers whether it was taken. */
export function offer(
  heaps: ValueHeaps,
  step: number,
  limit: number,
  pair: { value: number; series: number },
): boolean {
  const base = step * heaps.room;
  const size = heaps.sizes[step] as number;
  const { value, series } = pair;
  if (size < limit) {
    heaps.values[base + size] = value;
    heaps.series[base + size] = series;
    heaps.sizes[step] = size + 1;
    up(heaps, base, size);
    return true;
  }
  const worst = heaps.values[base] as number;
  const better = heaps.largest ? worst < value : worst > value;
  if (!better && !(Number.isNaN(worst) && !Number.isNaN(value))) return false;
  heaps.values[base] = value;
  heaps.series[base] = series;
  down(heaps, base, size);
  return true;
}

function less(heaps: ValueHeaps, i: number, j: number): boolean {
  const a = heaps.values[i] as number;
  const b = heaps.values[j] as number;
  return Number.isNaN(a) || (heaps.largest ? a < b : a > b);
}

function swap({ values, series }: ValueHeaps, i: number, j: number): void {
  const value = values[i] as number;
  const id = series[i] as number;
  values[i] = values[j] as number;
  series[i] = series[j] as number;
  values[j] = value;
  series[j] = id;
}

function up(heaps: ValueHeaps, base: number, from: number): void {
  for (let j = from; j > 0; ) {
    const parent = (j - 1) >> 1;
    if (!less(heaps, base + j, base + parent)) return;
    swap(heaps, base + parent, base + j);
    j = parent;
  }
}

function down(heaps: ValueHeaps, base: number, size: number): void {
  for (let i = 0; ; ) {
    let child = 2 * i + 1;
    if (child >= size) return;
    if (child + 1 < size && less(heaps, base + child + 1, base + child)) child++;
    if (!less(heaps, base + child, base + i)) return;
    swap(heaps, base + i, base + child);
    i = child;
  }
}

/** Positions of the heap of `step` from best to worst, NaN last; ties stay as the heap has them. */
export function ranked(heaps: ValueHeaps, step: number): readonly number[] {
  const base = step * heaps.room;
  const order = Array.from({ length: heaps.sizes[step] as number }, (_, i) => base + i);
  return order.sort((a, b) => (less(heaps, b, a) ? (less(heaps, a, b) ? 0 : -1) : less(heaps, a, b) ? 1 : 0));
}
