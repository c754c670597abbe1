import type { MetricLabels } from "./metrics.ts";

/** One cell for each label set; all sets past the limit share one. */
export interface LabelCells<T> {
  /** The cell of a label set, made where it is new. The order of names does not matter. */
  of(labels: MetricLabels | undefined): T;
  /** Cells with their labels, in the order in which they were made. */
  all(): Iterable<readonly [MetricLabels, T]>;
}

const noLabels: MetricLabels = {};
/** As OpenTelemetry's SDK marks what it folds together. */
const overflowLabels: MetricLabels = { "otel.metric.overflow": "true" };

export function createLabelCells<T>(limit: number, make: () => T): LabelCells<T> {
  const cells = new Map<string, readonly [MetricLabels, T]>();
  const at = (key: string, labels: MetricLabels): T => {
    const known = cells.get(key);
    if (known !== undefined) return known[1];
    if (cells.size >= limit - 1 && labels !== overflowLabels) return at("overflow", overflowLabels);
    const cell = make();
    cells.set(key, [labels, cell]);
    return cell;
  };
  let bare: T | undefined;
  return {
    of(labels) {
      if (labels !== undefined) return at(keyOf(labels), labels);
      bare ??= at("", noLabels);
      return bare;
    },
    all: () => cells.values(),
  };
}

/** Names and values cannot be taken for another set's: each is quoted. */
function keyOf(labels: MetricLabels): string {
  let key = "";
  for (const name of Object.keys(labels).sort())
    key += `${JSON.stringify(name)}${JSON.stringify(labels[name])}`;
  return key;
}
