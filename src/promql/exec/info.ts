import { GatewayError } from "../../lib/errors.ts";
import { HistogramColumn } from "../../model/histogram/histogram-column.ts";
import { type Labels, labelValue } from "../../model/labels.ts";
import type { Matcher } from "../../model/matcher.ts";
import { allMatch, createMatcher } from "../../model/matches.ts";
import type { SeriesLabels } from "../../store/samples.ts";
import { createInfoSeries, type InfoSeries, identifyingLabels, nobody } from "./info-labels.ts";
import { type Column, createColumn, heldSamples, keepColumn, type Operator } from "./operator.ts";
import { afterPreparing, drain, pullMapped } from "./pull.ts";
import { createRepeatGuard, sameLabelset } from "./repeats.ts";
import type { Run } from "./run.ts";
import { fixedLabels, withLabel } from "./series-labels.ts";

export interface InfoCall {
  readonly input: Operator;
  /** What the names of info metrics have to meet. */
  readonly names: readonly Matcher[];
  /** What their other labels have to meet; where there are any, only the labels they name are taken over. */
  readonly data: readonly Matcher[];
  /** Selects info series, which answer the times of their samples. */
  readonly select: (matchers: readonly Matcher[]) => Operator;
  readonly steps: number;
}

/**
 * info(): gives series the labels of the info series of their target. Holds all of its input: which info series to ask
 * for depends on it. Follows upstream's info.go.
 */
export function createInfo(run: Run, call: InfoCall): Operator {
  const { input, steps } = call;
  const bases: Column[] = [];
  const needed = new Uint8Array(steps);
  const series = createInfoSeries(run, needed);
  const isInfo = createInfoTest(call.names);
  const enrich = createEnrichment(call, series);
  const guard = createRepeatGuard(run);
  let results: Iterator<Column, undefined> | undefined;
  const hold = (column: Column): void => {
    run.hold(heldSamples(column));
    bases.push(keepColumn(column, fixedLabels(column.labels.all())));
    for (let k = 0; k < steps; k++) needed[k] = (needed[k] as number) | (column.present[k] as number);
  };
  const fetch = (): undefined | Promise<void> => {
    const targets = targetMatchers(bases.filter((base) => !isInfo(base.labels)));
    if (targets.length === 0) return undefined;
    return drain(call.select([...targets, ...call.data, ...call.names]), series.add);
  };
  function* enriched(): Generator<Column, undefined> {
    for (const base of bases) {
      if (isInfo(base.labels)) yield base;
      else yield* enrich(base);
    }
    return undefined;
  }
  return {
    names: input.names,
    ordered: false,
    repeats: true,
    next: afterPreparing(
      () => {
        const held = drain(input, hold);
        return held === undefined ? fetch() : held.then(fetch);
      },
      () => {
        results ??= enriched();
        return pullMapped({ next: () => results?.next().value }, (column) => {
          guard.add(column.labels.all(), column.present, sameLabelset);
          return column;
        });
      },
    ),
  };
}

/** Whether a series is an info series itself: it stays as it is. */
function createInfoTest(names: readonly Matcher[]): (labels: SeriesLabels) => boolean {
  const matchers = names.map(createMatcher);
  return (labels) => allMatch(matchers, () => labels.get("__name__"));
}

/** Matchers for the targets of all series; none where no series names one. */
function targetMatchers(bases: readonly Column[]): Matcher[] {
  return identifyingLabels.flatMap((name): Matcher[] => {
    const values = new Set(bases.map(({ labels }) => labels.get(name)));
    values.delete("");
    if (values.size === 0) return [];
    return [{ name, type: "=~", value: [...values].map(quoteRegex).join("|") }];
  });
}

function quoteRegex(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
}

/** Gives a series its labels. They may change from step to step: what comes out is one column for each label set. */
function createEnrichment(call: InfoCall, series: InfoSeries): (base: Column) => Iterable<Column> {
  const { steps } = call;
  const taken = new Set(call.data.map(({ name }) => name));
  const needsInfo = call.data.map(createMatcher).some((matcher) => !matcher.matches(""));
  const labelsFor = (base: Labels, found: readonly number[]): Labels | undefined => {
    if (found.every((one) => one === nobody)) return needsInfo ? undefined : base;
    const added = new Map<string, string>();
    for (const one of found) {
      if (one !== nobody) addLabels(added, { base, info: series.labelsOf(one), taken });
    }
    let all = base;
    for (const [name, value] of added) all = withLabel(all, name, value);
    return all;
  };
  return (base) => {
    const labels = base.labels.all();
    const infos = series.of(base.labels);
    const columns = new Map<string, Column | undefined>();
    const found: number[] = infos.map(() => nobody);
    let column: Column | undefined;
    let known = false;
    for (let k = 0; k < steps; k++) {
      if (base.present[k] === 0) continue;
      for (let i = 0; i < infos.length; i++) {
        const now = infos[i]?.[k] ?? nobody;
        if (now === found[i]) continue;
        found[i] = now;
        known = false;
      }
      if (!known) {
        const key = found.join(" ");
        if (!columns.has(key)) {
          const all = labelsFor(labels, found);
          columns.set(key, all && createLike(base, all));
        }
        column = columns.get(key);
        known = true;
      }
      if (column !== undefined) copyStep(base, k, column);
    }
    return [...columns.values()].filter((made) => made !== undefined);
  };
}

function addLabels(
  added: Map<string, string>,
  from: { readonly base: Labels; readonly info: Labels; readonly taken: ReadonlySet<string> },
): void {
  const { base, info, taken } = from;
  for (const { name, value } of info) {
    if (name === "__name__" || (taken.size > 0 && !taken.has(name))) continue;
    const before = added.get(name);
    if (before !== undefined && before !== value) {
      throw new GatewayError("execution", `conflicting label: ${name}`);
    }
    if (labelValue(base, name) === undefined) added.set(name, value);
  }
}

function createLike(base: Column, labels: Labels): Column {
  const column = createColumn(base.values.length, fixedLabels(labels));
  column.dropName = base.dropName;
  return column;
}

function copyStep(from: Column, step: number, into: Column): void {
  into.present[step] = 1;
  into.count++;
  if (from.histograms?.has(step)) {
    into.histograms ??= new HistogramColumn(into.values.length);
    into.histograms.setFrom(step, from.histograms, step);
  } else {
    into.values[step] = from.values[step] as number;
  }
}
