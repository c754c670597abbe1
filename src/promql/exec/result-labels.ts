import type { Labels } from "../../model/labels.ts";
import { labelValue } from "../../model/labels.ts";
import type { SeriesLabels } from "../../store/samples.ts";
import { isArithmetic } from "../functions/arithmetic.ts";
import type { BinaryOp, VectorMatching } from "../syntax/ast.ts";
import type { Names } from "./operator.ts";
import {
  fixedLabels,
  pickLabels,
  sortedNames,
  withLabel,
  withoutLabels,
  withoutName,
} from "./series-labels.ts";

/** Labels that a vector match gives its results, and what is known of them. */
export interface ResultLabels {
  of(many: SeriesLabels, one: Labels): SeriesLabels;
  readonly names: Names;
  /** Whether distinct series of the many side are known to give distinct results. */
  readonly distinct: boolean;
  readonly keepsOrder: boolean;
}

/** Follows upstream's resultMetric. */
export function createResultLabels(
  match: { readonly op: BinaryOp; readonly bool: boolean; readonly matching: VectorMatching },
  names: Names,
  delayed: boolean,
): ResultLabels {
  const { matching } = match;
  const drops = isArithmetic(match.op) || (match.bool && !delayed);
  const base = (labels: SeriesLabels) => (drops ? withoutName(labels) : labels);
  const kept: Names = drops ? "none" : names;
  const distinct = !drops || names !== "many";
  if (matching.card === "one-to-one") {
    if (matching.on) return pickedLabels(matching.labels, base, drops);
    if (matching.labels.length === 0) {
      // The signature leaves the name out: series that differ in it only share one.
      return { of: base, names: kept, distinct: names !== "many", keepsOrder: distinct };
    }
    const dropped = new Set(matching.labels);
    const of = (many: SeriesLabels) => {
      const labels = base(many);
      return lazyLabels(
        (name) => (dropped.has(name) ? "" : labels.get(name)),
        () => withoutLabels(labels.all(), dropped),
      );
    };
    return { of, names: kept, distinct: false, keepsOrder: false };
  }
  if (matching.include.length === 0) return { of: base, names: kept, distinct, keepsOrder: distinct };
  const included = new Set(matching.include);
  const of = (many: SeriesLabels, one: Labels) => {
    const labels = base(many);
    return lazyLabels(
      (name) => (included.has(name) ? (labelValue(one, name) ?? "") : labels.get(name)),
      () => {
        let all = labels.all();
        for (const name of included) all = withLabel(all, name, labelValue(one, name) ?? "");
        return all;
      },
    );
  };
  return { of, names: included.has("__name__") ? "many" : kept, distinct: false, keepsOrder: false };
}

function pickedLabels(
  on: readonly string[],
  base: (labels: SeriesLabels) => SeriesLabels,
  drops: boolean,
): ResultLabels {
  const picked = sortedNames(on);
  return {
    of: (many) => fixedLabels(pickLabels(base(many), picked)),
    names: !drops && picked.includes("__name__") ? "many" : "none",
    distinct: false,
    keepsOrder: false,
  };
}

function lazyLabels(get: (name: string) => string, compute: () => Labels): SeriesLabels {
  let all: Labels | undefined;
  return {
    get,
    all() {
      all ??= compute();
      return all;
    },
  };
}
