import type { SeriesLabels } from "../../store/samples.ts";
import {
  counterResetCollision,
  histogramNotCounter,
  histogramNotGauge,
  ignoredInMixedRange,
  invalidQuantile,
  mismatchedCustomBuckets,
  mixedExponentialCustom,
  mixedFloatsHistograms,
  type ParameterPlace,
  possibleNonCounter,
  possibleNonCounterType,
  startTimeOverlap,
} from "../annotation-texts.ts";
import type { Annotation } from "../annotations.ts";
import { type MixedOut, notes } from "../functions/mixed/mixed-kernel.ts";
import type { Span } from "../syntax/ast.ts";
import type { Column, Names } from "./operator.ts";
import type { Run } from "./run.ts";

/** Annotations by the notes they are made of; the name is the series' own. */
const texts: readonly (readonly [number, (name: string, span: Span) => Annotation])[] = [
  [notes.mixedTypes, mixedFloatsHistograms],
  [notes.ignoredHistograms, ignoredInMixedRange],
  [notes.notCounter, histogramNotCounter],
  [notes.notGauge, histogramNotGauge],
  [notes.mixedSchemas, mixedExponentialCustom],
  [notes.mismatchedAddition, (_name, span) => mismatchedCustomBuckets("addition", span)],
  [notes.mismatchedSubtraction, (_name, span) => mismatchedCustomBuckets("subtraction", span)],
  [notes.mismatchedAggregation, (_name, span) => mismatchedCustomBuckets("aggregation", span)],
  [notes.resetCollision, (_name, span) => counterResetCollision("aggregation", span)],
];

/** Says what a kernel noted of one series. */
export function annotateNotes(
  run: Run,
  labels: SeriesLabels,
  { notes: found, overlaps }: MixedOut,
  { span, saidBy }: ParameterPlace,
): void {
  if (found === 0 && overlaps === 0) return;
  const name = labels.get("__name__");
  for (const [note, text] of texts) if (found & note) run.annotate({ ...text(name, span), saidBy });
  if (overlaps > 0) run.annotate({ ...startTimeOverlap(name, overlaps, span), saidBy });
}

/** Looks at one series' answer, and says where it may be of no use. */
export type Remark = (labels: SeriesLabels, column: Column) => void;

/** rate and increase of a metric that does not look like a counter. Looks at each name once, and at nothing unnamed. */
export function createCounterRemark(run: Run, names: Names, { span, saidBy }: ParameterPlace): Remark {
  const byType = run.options.features.has("type-and-unit-labels");
  const seen = new Set<string>();
  return (labels, column) => {
    // Where all have one name it says all, and reading it costs.
    if (!byType && names === "one" && seen.size > 0) return;
    if (!hasFloat(column)) return;
    const name = labels.get("__name__");
    if (name === "") return;
    if (byType) {
      const type = labels.get("__type__");
      if (type !== "counter" && type !== "histogram")
        run.annotate({ ...possibleNonCounterType(name, type, span), saidBy });
      return;
    }
    if (seen.has(name)) return;
    seen.add(name);
    if (!counterName.test(name)) run.annotate({ ...possibleNonCounter(name, span), saidBy });
  };
}

const counterName = /_(?:total|sum|count|bucket)$/;

function hasFloat({ present, histograms, count }: Column): boolean {
  if (histograms === undefined) return count > 0;
  for (let k = 0; k < present.length; k++) if (present[k] === 1 && !histograms.has(k)) return true;
  return false;
}

/** quantile_over_time whose quantile is none; undefined where all are. */
export function createQuantileRemark(
  run: Run,
  phi: Float64Array | undefined,
  place: ParameterPlace,
): Remark | undefined {
  const invalid: number[] = [];
  phi?.forEach((value, k) => {
    if (!(value >= 0 && value <= 1)) invalid.push(k);
  });
  if (phi === undefined || invalid.length === 0) return undefined;
  const said = new Set<number>();
  return (_labels, { present }) => {
    for (const k of invalid) {
      const value = phi[k] as number;
      if (present[k] === 0 || said.has(value)) continue;
      said.add(value);
      run.annotate(invalidQuantile(value, place));
    }
  };
}
