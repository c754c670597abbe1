import { createNameDropper } from "./drop-name.ts";
import { dropHistograms } from "./float-entries.ts";
import type { Column, Operator, ScalarOperator } from "./operator.ts";
import { afterPreparing, pullMapped, whenReady } from "./pull.ts";
import type { Run } from "./run.ts";
import { readAll } from "./scalar.ts";

/** Changes a column in place; may take entries away, keeping `count` right. */
export type ColumnChange = (column: Column, params: readonly Float64Array[]) => void;

export interface InstantCall {
  readonly input: Operator;
  readonly params: readonly ScalarOperator[];
  readonly change: ColumnChange;
  /** Native histograms go before the change, or are its business. */
  readonly histograms: "drop" | "keep";
  readonly dropsName: boolean | "keeps-type";
  /** Called once, after the last series. */
  readonly end?: () => void;
}

/** A function of an instant vector that works series by series. */
export function createInstantCall(run: Run, call: InstantCall): Operator {
  const { input, change, end } = call;
  const drops = call.histograms === "drop";
  const dropper = call.dropsName
    ? createNameDropper(run, input.names, { strict: false, keepsType: call.dropsName === "keeps-type" })
    : undefined;
  let params: readonly Float64Array[] = [];
  const evaluate = (column: Column): Column | undefined => {
    if (drops && column.histograms !== undefined) dropHistograms(column);
    if (column.count > 0) change(column, params);
    if (column.count === 0) return undefined;
    dropper?.apply(column);
    return column;
  };
  const ended = (column: Column | undefined): Column | undefined => {
    if (column === undefined) end?.();
    return column;
  };
  return {
    names: dropper?.names ?? input.names,
    ordered: input.ordered && (dropper?.keepsOrder ?? true),
    repeats: input.repeats || (dropper?.repeats ?? false),
    next: afterPreparing(
      () => {
        const ready = whenReady(readAll(call.params), (values) => {
          params = values;
        });
        return ready instanceof Promise ? ready : undefined;
      },
      () => (end === undefined ? pullMapped(input, evaluate) : whenReady(pullMapped(input, evaluate), ended)),
    ),
  };
}

/** Takes away the entries where `keep` is 0. */
export function filterColumn(column: Column, keep: Uint8Array): void {
  const { present } = column;
  let count = 0;
  for (let k = 0; k < present.length; k++) {
    const there = (present[k] as number) & (keep[k] as number);
    present[k] = there;
    count += there;
  }
  column.count = count;
}
