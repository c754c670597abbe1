import { GatewayError } from "../../lib/errors.ts";
import type { SeriesLabels } from "../../store/samples.ts";
import { ignoredInAggregation } from "../annotation-texts.ts";
import { createHeaps, growHeaps, offer, ranked, type ValueHeaps } from "../functions/value-heap.ts";
import type { Span } from "../syntax/ast.ts";
import { dropHistograms } from "./float-entries.ts";
import type { Grouping } from "./grouping.ts";
import { type Column, createColumn, type Operator, type ScalarOperator } from "./operator.ts";
import { afterPreparing, drain, whenReady } from "./pull.ts";
import type { Run } from "./run.ts";
import { fixedLabels } from "./series-labels.ts";

export interface TopK {
  readonly input: Operator;
  readonly grouping: Grouping;
  /** topk, or bottomk. */
  readonly largest: boolean;
  readonly k: ScalarOperator;
  readonly steps: number;
  /** The aggregation in the text. */
  readonly span: Span;
}

/** A series that is or was among the best of its group. */
interface Candidate {
  readonly labels: SeriesLabels;
  readonly dropName: boolean;
}

/** Room of a group's heaps at first, pairs a step. */
const firstRoom = 16;

/**
 * topk and bottomk: holds the best k values of each group and step, and the labels of what was ever among them.
 * One step comes out best first; several come out series by series, in the order of the input.
 */
export function createTopK(run: Run, options: TopK): Operator {
  const { input, grouping, steps } = options;
  const groups = new Map<string, ValueHeaps>();
  const candidates: Candidate[] = [];
  let limits: Int32Array = new Int32Array(0);
  let most = 0;
  let results: Iterator<Column> | undefined;

  const consider = (column: Column): void => {
    if (column.histograms !== undefined) ignoreHistograms(column);
    const key = grouping.keyOf(column.labels);
    let heaps = groups.get(key);
    if (heaps === undefined) {
      heaps = createHeaps(steps, Math.min(most, firstRoom), options.largest);
      run.hold(steps * heaps.room);
      groups.set(key, heaps);
    }
    if (offerColumn(run, heaps, column, { limits, most, series: candidates.length })) {
      candidates.push({ labels: fixedLabels(column.labels.all()), dropName: column.dropName });
    }
  };
  /** They are told of where anything is asked for. */
  const ignoreHistograms = (column: Column): void => {
    const { histograms, present } = column;
    for (let k = 0; k < steps; k++) {
      if (present[k] === 0 || !histograms?.has(k) || (limits[k] as number) < 1) continue;
      run.annotate(ignoredInAggregation(options.largest ? "topk" : "bottomk", options.span));
      break;
    }
    dropHistograms(column);
  };
  const prepare = () =>
    whenReady(options.k.read(), (k) => {
      limits = limitsOf(k);
      most = limits.reduce((a, b) => Math.max(a, b), 0);
      return most < 1 ? undefined : drain(input, consider);
    });
  return {
    names: input.names,
    ordered: steps === 1 ? false : input.ordered,
    repeats: false,
    next: afterPreparing(
      () => {
        const done = prepare();
        return done instanceof Promise ? done : undefined;
      },
      () => {
        results ??= steps === 1 ? bestFirst(groups, candidates) : bySeries(groups, candidates, steps);
        return results.next().value;
      },
    ),
  };
}

/** Offers every entry of a column; answers whether any was taken. */
function offerColumn(
  run: Run,
  heaps: ValueHeaps,
  column: Column,
  to: { readonly limits: Int32Array; readonly most: number; readonly series: number },
): boolean {
  const { values, present } = column;
  const { limits, series } = to;
  const pair = { value: 0, series };
  let taken = false;
  for (let k = 0; k < values.length; k++) {
    if (present[k] === 0) continue;
    const limit = limits[k] as number;
    if (limit < 1) continue;
    if ((heaps.sizes[k] as number) >= heaps.room && heaps.room < limit) {
      const room = Math.min(to.most, heaps.room * 4);
      run.hold(values.length * (room - heaps.room));
      growHeaps(heaps, room);
    }
    pair.value = values[k] as number;
    if (offer(heaps, k, limit, pair)) taken = true;
  }
  return taken;
}

/** k as integers per step. Throws upstream's errors for what is none, unless no step wants anything. */
export function limitsOf(k: Float64Array): Int32Array {
  let least = Infinity;
  let most = -Infinity;
  for (const value of k) {
    if (Number.isNaN(value)) throw new GatewayError("execution", "Parameter value is NaN");
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (most < 1) return new Int32Array(k.length);
  if (least <= -(2 ** 63)) {
    throw new GatewayError("execution", `Scalar value ${goFloat(least)} underflows int64`);
  }
  if (most >= 2 ** 63) {
    throw new GatewayError("execution", `Scalar value ${goFloat(most)} overflows int64`);
  }
  return Int32Array.from(k, (value) => Math.max(0, Math.min(Math.trunc(value), 0x7fffffff)));
}

/** A float as Go's %v prints it. */
function goFloat(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}

function* bestFirst(groups: ReadonlyMap<string, ValueHeaps>, candidates: readonly Candidate[]) {
  for (const heaps of groups.values()) {
    for (const at of ranked(heaps, 0)) {
      const { labels, dropName } = candidates[heaps.series[at] as number] as Candidate;
      const column = createColumn(1, labels);
      column.values[0] = heaps.values[at] as number;
      column.present[0] = 1;
      column.count = 1;
      column.dropName = dropName;
      yield column;
    }
  }
}

function* bySeries(
  groups: ReadonlyMap<string, ValueHeaps>,
  candidates: readonly Candidate[],
  steps: number,
): Generator<Column, undefined> {
  const columns: (Column | undefined)[] = new Array(candidates.length).fill(undefined);
  for (const heaps of groups.values()) {
    for (let k = 0; k < steps; k++) {
      const base = k * heaps.room;
      for (let at = base; at < base + (heaps.sizes[k] as number); at++) {
        const series = heaps.series[at] as number;
        const { labels, dropName } = candidates[series] as Candidate;
        const column = columns[series] ?? createColumn(steps, labels);
        columns[series] = column;
        column.dropName = dropName;
        column.values[k] = heaps.values[at] as number;
        column.present[k] = 1;
        column.count++;
      }
    }
  }
  for (const column of columns) if (column !== undefined) yield column;
  return undefined;
}
