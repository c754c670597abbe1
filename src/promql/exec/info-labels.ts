import { GatewayError } from "../../lib/errors.ts";
import { formatLabels, type Labels } from "../../model/labels.ts";
import type { SeriesLabels } from "../../store/samples.ts";
import type { Column } from "./operator.ts";
import type { Run } from "./run.ts";
import { keyOf, labelsKey } from "./series-labels.ts";

/** Labels that say which target an info series speaks of. Upstream has them fixed. */
export const identifyingLabels: readonly string[] = ["instance", "job"];

/** No info series at a step. */
export const nobody = -1;

/** For each step the info series that counts for one target, or `nobody`. */
export type InfoSteps = Int32Array;

/** The info series of a query: which of them counts for which target, step by step. */
export interface InfoSeries {
  /** Adds an info series; its values are the times of its samples in seconds. Throws where two are equally new. */
  add(column: Column): void;
  /** For each info metric, in their order, what it has to say of the target of `labels`; undefined where nothing. */
  of(labels: SeriesLabels): readonly (InfoSteps | undefined)[];
  /** Labels of an info series. */
  labelsOf(series: number): Labels;
}

interface Target {
  readonly series: InfoSteps;
  readonly times: Float64Array;
}

/** `needed` is 1 at the steps at which there is anything to add to: others are not looked at. */
export function createInfoSeries(run: Run, needed: Uint8Array): InfoSeries {
  const steps = needed.length;
  const byMetric = new Map<string, Map<string, Target>>();
  const labels: Labels[] = [];
  const targetOf = (column: Column): Target => {
    const metric = column.labels.get("__name__");
    let targets = byMetric.get(metric);
    if (targets === undefined) {
      targets = new Map();
      byMetric.set(metric, targets);
    }
    const key = keyOf(column.labels, identifyingLabels);
    let target = targets.get(key);
    if (target === undefined) {
      run.hold(2 * steps);
      target = { series: new Int32Array(steps).fill(nobody), times: new Float64Array(steps) };
      targets.set(key, target);
    }
    return target;
  };
  return {
    add(column) {
      const { series, times } = targetOf(column);
      const mine = labels.push(column.labels.all()) - 1;
      run.holdBytes(2 * labelsKey(labels[mine] as Labels).length);
      for (let k = 0; k < steps; k++) {
        if (column.present[k] === 0 || needed[k] === 0) continue;
        const time = column.values[k] as number;
        const other = series[k] as number;
        if (other !== nobody) {
          if ((times[k] as number) > time) continue;
          if (times[k] === time) throw equallyNew(labels[other] as Labels, labels[mine] as Labels, time);
        }
        series[k] = mine;
        times[k] = time;
      }
    },
    of(base) {
      const key = keyOf(base, identifyingLabels);
      return [...byMetric.values()].map((targets) => targets.get(key)?.series);
    },
    labelsOf: (series) => labels[series] ?? [],
  };
}

function equallyNew(known: Labels, added: Labels, seconds: number): GatewayError {
  const timeMs = Math.round(seconds * 1000);
  return new GatewayError(
    "execution",
    `found duplicate series for info metric: existing ${formatLabels(known)} @ ${timeMs}, new ${formatLabels(added)} @ ${timeMs}`,
  );
}
