/** Go's math.Pow: 1 to any power and ±1 to ±Inf are 1, where JavaScript says NaN. */
export function goPow(x: number, y: number): number {
  if (x === 1 || (x === -1 && (y === Infinity || y === -Infinity))) return 1;
  return x ** y;
}

/** Go's math.Mod, which JavaScript's `%` is. */
export function goMod(x: number, y: number): number {
  return x % y;
}

/** Go's math.Max: +Inf wins over NaN. */
export function goMax(x: number, y: number): number {
  if (x === Infinity || y === Infinity) return Infinity;
  return Math.max(x, y);
}

/** Go's math.Min: -Inf wins over NaN. */
export function goMin(x: number, y: number): number {
  if (x === -Infinity || y === -Infinity) return -Infinity;
  return Math.min(x, y);
}
