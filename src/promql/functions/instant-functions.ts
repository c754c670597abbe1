import { dateFunctions } from "./date-functions.ts";
import { goMax, goMin } from "./go-math.ts";

/** Changes the values of one column in place. Entries that are not present may be overwritten with anything. */
export type ColumnFunction = (values: Float64Array) => void;

function each(evaluate: (value: number) => number): ColumnFunction {
  return (values) => {
    for (let k = 0; k < values.length; k++) values[k] = evaluate(values[k] as number);
  };
}

/** Functions of one instant vector that work sample by sample and drop the name. */
export const instantFunctions: ReadonlyMap<string, ColumnFunction> = new Map<string, ColumnFunction>([
  [
    "abs",
    (values) => {
      for (let k = 0; k < values.length; k++) values[k] = Math.abs(values[k] as number);
    },
  ],
  ["ceil", each(Math.ceil)],
  ["floor", each(Math.floor)],
  ["exp", each(Math.exp)],
  ["sqrt", each(Math.sqrt)],
  ["ln", each(Math.log)],
  ["log2", each(Math.log2)],
  ["log10", each(Math.log10)],
  ["sin", each(Math.sin)],
  ["cos", each(Math.cos)],
  ["tan", each(Math.tan)],
  ["asin", each(Math.asin)],
  ["acos", each(Math.acos)],
  ["atan", each(Math.atan)],
  ["sinh", each(Math.sinh)],
  ["cosh", each(Math.cosh)],
  ["tanh", each(Math.tanh)],
  ["asinh", each(Math.asinh)],
  ["acosh", each(Math.acosh)],
  ["atanh", each(Math.atanh)],
  ["rad", each((value) => (value * Math.PI) / 180)],
  ["deg", each((value) => (value * 180) / Math.PI)],
  ["sgn", each((value) => (value > 0 ? 1 : value < 0 ? -1 : value))],
  ...[...dateFunctions].map(([name, part]): [string, ColumnFunction] => [name, each(part)]),
]);

/** round: to the nearest multiple of `to`, halves up. */
export function roundColumn(values: Float64Array, to: Float64Array): void {
  for (let k = 0; k < values.length; k++) {
    const inverse = 1 / (to[k] as number);
    values[k] = Math.floor((values[k] as number) * inverse + 0.5) / inverse;
  }
}

export function clampMin(values: Float64Array, min: Float64Array): void {
  for (let k = 0; k < values.length; k++) values[k] = goMax(min[k] as number, values[k] as number);
}

export function clampMax(values: Float64Array, max: Float64Array): void {
  for (let k = 0; k < values.length; k++) values[k] = goMin(max[k] as number, values[k] as number);
}
