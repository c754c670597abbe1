import { GatewayError } from "../../lib/errors.ts";
import {
  arithmeticKernel,
  type BinaryKernel,
  comparisonKernel,
  isArithmetic,
  isComparison,
} from "../functions/arithmetic.ts";
import type { BinaryOp } from "../syntax/ast.ts";
import { type Column, createColumn, type Operator, type ScalarOperator } from "./operator.ts";
import { drain, whenReady } from "./pull.ts";
import { noLabels } from "./series-labels.ts";
import type { Span } from "./span.ts";

/** The same value at every step. */
export function constantScalar(value: number, steps: number): ScalarOperator {
  const values = new Float64Array(steps).fill(value);
  return { read: () => values };
}

/** The time of each step in seconds. */
export function timeScalar({ grid }: Span): ScalarOperator {
  const values = Float64Array.from({ length: grid.count }, (_, k) => (grid.startMs + k * grid.stepMs) / 1000);
  return { read: () => values };
}

/** Computes once, when first read. */
function lazyScalar(compute: () => Float64Array | Promise<Float64Array>): ScalarOperator {
  let values: Float64Array | undefined;
  return {
    read() {
      if (values !== undefined) return values;
      return whenReady(compute(), (made) => {
        values = made;
        return made;
      });
    },
  };
}

/** scalar(): the value of the only float series at a step, NaN where there is none or more than one. */
export function scalarOfVector(input: Operator, steps: number): ScalarOperator {
  return lazyScalar(() => {
    const values = new Float64Array(steps).fill(Number.NaN);
    const seen = new Uint8Array(steps);
    const done = drain(input, (column: Column) => {
      for (let k = 0; k < steps; k++) {
        if (column.present[k] === 0 || column.histograms?.has(k)) continue;
        values[k] = seen[k] === 0 ? (column.values[k] as number) : Number.NaN;
        seen[k] = 1;
      }
    });
    return done === undefined ? values : done.then(() => values);
  });
}

/** Both sides step by step; a comparison answers 0 or 1. */
export function combineScalars(op: BinaryOp, lhs: ScalarOperator, rhs: ScalarOperator): ScalarOperator {
  const kernel = scalarKernel(op);
  return lazyScalar(() =>
    whenReady(lhs.read(), (a) =>
      whenReady(rhs.read(), (b) => {
        const out = new Float64Array(a.length);
        kernel(a, b, out);
        return out;
      }),
    ),
  );
}

export function mapScalar(input: ScalarOperator, change: (value: number) => number): ScalarOperator {
  return lazyScalar(() => whenReady(input.read(), (values) => values.map(change)));
}

export function combineScalarsWith(
  evaluate: (a: number, b: number) => number,
  lhs: ScalarOperator,
  rhs: ScalarOperator,
): ScalarOperator {
  return lazyScalar(() =>
    whenReady(lhs.read(), (a) =>
      whenReady(rhs.read(), (b) => a.map((value, k) => evaluate(value, b[k] as number))),
    ),
  );
}

/** Repeats the first value over `steps`. */
export function repeatScalar(input: ScalarOperator, steps: number): ScalarOperator {
  return lazyScalar(() => whenReady(input.read(), ([value = 0]) => new Float64Array(steps).fill(value)));
}

function scalarKernel(op: BinaryOp): BinaryKernel {
  if (isArithmetic(op)) return arithmeticKernel(op);
  if (!isComparison(op))
    throw new GatewayError("execution", `operator "${op}" not allowed for Scalar operations`);
  const compare = comparisonKernel(op);
  return (a, b, out) => {
    const holds = new Uint8Array(out.length);
    compare(a, b, holds);
    out.set(holds);
  };
}

/** A scalar as the one series without labels that `vector()` answers. */
export function vectorOfScalar(input: ScalarOperator, steps: number): Operator {
  let done = false;
  return {
    names: "none",
    ordered: true,
    repeats: false,
    next() {
      if (done || steps === 0) return undefined;
      done = true;
      return whenReady(input.read(), (values) => {
        const column = createColumn(steps, noLabels);
        column.values.set(values);
        column.present.fill(1);
        column.count = steps;
        return column;
      });
    },
  };
}

/** Reads all of `inputs`, one after the other. */
export function readAll(inputs: readonly ScalarOperator[]): Float64Array[] | Promise<Float64Array[]> {
  const values = inputs.map((input) => input.read());
  const ready = values.filter((value) => value instanceof Float64Array);
  return ready.length === values.length ? ready : Promise.all(values);
}
