import { GatewayError } from "../../lib/errors.ts";
import { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import { compareLabels, type Labels } from "../../model/labels.ts";
import { type Column, heldSamples, histogramSize, keepColumn, type Operator } from "./operator.ts";
import { afterPreparing, drain } from "./pull.ts";
import type { Run } from "./run.ts";
import { fixedLabels, labelsKey } from "./series-labels.ts";

export function sameLabelset(): GatewayError {
  return new GatewayError("execution", "vector cannot contain metrics with the same labelset");
}

/** Remembers at which steps each label set was seen. */
export interface RepeatGuard {
  /** Throws `failure` where the label set was there before at one of the steps of `present`. */
  add(labels: Labels, present: Uint8Array, failure: () => GatewayError): void;
}

export function createRepeatGuard(run: Run): RepeatGuard {
  const seen = new Map<string, Uint8Array>();
  /** Shared by all that are there at every step: whatever comes to them fails, so nothing is ever added. */
  let everywhere: Uint8Array | undefined;
  return {
    add(labels, present, failure) {
      const key = labelsKey(labels);
      const before = seen.get(key);
      if (before === undefined) {
        const everyStep = present.indexOf(0) < 0;
        if (everyStep) everywhere ??= present.slice();
        run.holdBytes(2 * key.length + (everyStep ? 0 : present.length));
        seen.set(key, everyStep && everywhere !== undefined ? everywhere : present.slice());
        return;
      }
      for (let k = 0; k < present.length; k++) {
        if (present[k] === 0) continue;
        if (before[k] === 1) throw failure();
        before[k] = 1;
      }
    },
  };
}

/**
 * Joins columns that share a label set into one, and sorts them if asked. Holds all of them. Throws where two have a
 * step in common.
 */
export function mergeRepeats(run: Run, input: Operator, sorted: boolean): Operator {
  const merged = new Map<string, Column>();
  let columns: Iterator<Column> | undefined;
  const hold = (column: Column): void => {
    const labels = column.labels.all();
    const key = labelsKey(labels);
    const known = merged.get(key);
    if (known === undefined) {
      run.hold(heldSamples(column));
      merged.set(key, keepColumn(column, fixedLabels(labels)));
    } else {
      join(run, known, column);
    }
  };
  return {
    names: input.names,
    ordered: sorted || input.ordered,
    repeats: false,
    next: afterPreparing(
      () => drain(input, hold),
      () => {
        columns ??= (sorted ? [...merged.values()].sort(byLabels) : merged).values();
        return columns.next().value;
      },
    ),
  };
}

function byLabels(a: Column, b: Column): number {
  return compareLabels(a.labels.all(), b.labels.all());
}

function join(run: Run, into: Column, from: Column): void {
  for (let k = 0; k < from.values.length; k++) {
    if (from.present[k] === 0) continue;
    if (into.present[k] === 1) throw sameLabelset();
    if (from.histograms?.has(k)) {
      run.hold(histogramSize(from.histograms, k));
      into.histograms ??= new HistogramColumn(into.values.length);
      into.histograms.setFrom(k, from.histograms, k);
    } else {
      into.values[k] = from.values[k] as number;
    }
    into.present[k] = 1;
  }
  into.count += from.count;
}
