import type { Column, Names, Operator } from "./operator.ts";
import { pullMapped } from "./pull.ts";
import { createRepeatGuard, mergeRepeats, sameLabelset } from "./repeats.ts";
import type { Run } from "./run.ts";
import { withoutMetricName, withoutName } from "./series-labels.ts";

/** How a function takes the metric name off its series, and what that makes of an operator's properties. */
export interface NameDropper {
  readonly names: Names;
  /** Whether series that were in label order still are. */
  readonly keepsOrder: boolean;
  /** Whether label sets that were distinct may now repeat. */
  readonly repeats: boolean;
  apply(column: Column): void;
}

export interface NameDropping {
  readonly strict: boolean;
  /** Whether labels of type and unit stay; with delayed removal they go all the same. */
  readonly keepsType: boolean;
}

/**
 * Drops the name at once, or marks the column where removal is delayed. Where names differ, label sets that become equal
 * at one step are an error, or, with `strict`, equal at all.
 */
export function createNameDropper(run: Run, names: Names, how: NameDropping): NameDropper {
  const { strict } = how;
  const strip = how.keepsType ? withoutMetricName : withoutName;
  if (run.options.delayedNameRemoval) {
    return {
      names,
      keepsOrder: true,
      repeats: false,
      apply(column) {
        column.dropName = true;
      },
    };
  }
  if (names !== "many") {
    return {
      names: "none",
      keepsOrder: true,
      repeats: false,
      apply(column) {
        column.labels = strip(column.labels);
      },
    };
  }
  const guard = createRepeatGuard(run);
  const always = new Uint8Array([1]);
  return {
    names: "none",
    keepsOrder: false,
    repeats: !strict,
    apply(column) {
      column.labels = strip(column.labels);
      guard.add(column.labels.all(), strict ? always : column.present, sameLabelset);
    },
  };
}

/** Takes off the names that were marked, at the end of a query with delayed removal; joins what becomes equal. */
export function dropMarkedNames(run: Run, input: Operator, sorted: boolean): Operator {
  const dropped: Operator = {
    names: "many",
    ordered: false,
    repeats: true,
    next: () =>
      pullMapped(input, (column: Column) => {
        if (column.dropName) {
          column.labels = withoutName(column.labels);
          column.dropName = false;
        }
        return column;
      }),
  };
  return mergeRepeats(run, dropped, sorted);
}
