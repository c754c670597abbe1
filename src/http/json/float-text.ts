/**
 * Writes float64 values as Go's jsonutil.MarshalFloat does: the fewest digits that read back as the same number, plain
 * notation, or an exponent of at least two digits below 1e-6 and from 1e21 on; `NaN`, `+Inf`, `-Inf`, `-0`.
 *
 *   value ──┬─ whole number below 2^53 ─────────────► digits
 *           ├─ × 1000 is whole and reads back ──────► digits, point moved      (decimals of up to 15 digits are unique)
 *           ├─ 1e-6 ≤ |value| < 1e16 ───────────────► scaled to 17 digits S ± H in double-double arithmetic:
 *           │        S − H   candidate   S + H          any decimal inside reads back as the value; the one with the
 *           │     ───┼─────────┼──────────┼───          fewest digits nearest to S wins; near a border nobody guesses ┐
 *           └─ the rest ────────────────────────────► String(value), exponent padded ◄───────────────────────────────┘
 *
 * Scaling is exact to 1e-14 of a unit: powers of ten up to 10^22 are floats, products are taken exactly (Dekker).
 */

const digitPairs = new Uint8Array(200);
for (let i = 0; i < 100; i++) {
  digitPairs[2 * i] = 48 + Math.floor(i / 10);
  digitPairs[2 * i + 1] = 48 + (i % 10);
}

/** Four digits as one little-endian word. */
const digitQuads = new Uint32Array(10_000);
for (let i = 0; i < 10_000; i++) {
  const high = 2 * Math.floor(i / 100);
  const low = 2 * (i % 100);
  digitQuads[i] =
    ((digitPairs[high] as number) |
      ((digitPairs[high + 1] as number) << 8) |
      ((digitPairs[low] as number) << 16) |
      ((digitPairs[low + 1] as number) << 24)) >>>
    0;
}

/** Most bytes that one value takes. */
export const maxFloatBytes = 28;

const smallestScaled = 1e-6;
const largestShift = 22;
const wholeLimit = 2 ** 53;

/** Powers of ten that are floats. */
const powersOfTen = Float64Array.from({ length: largestShift + 1 }, (_, k) => Number(`1e${k}`));

/** The high 26 bits of each, for exact products. */
const powerSplit = powersOfTen.map(split);

const scratch = new Float64Array(1);
const scratchWords = new Uint32Array(scratch.buffer);

/** Half the distance to the next float of each biased exponent. */
const halfUlp = new Float64Array(2048);
for (let e = 0; e < 2047; e++) halfUlp[e] = 2 ** (Math.max(e, 1) - 1023 - 53);

/** For each biased exponent of 1e-6 … 1e21: the least power of ten above 2^e, and the decimal exponent of what is below it. */
const pointBelow = new Int8Array(2048);
const nextPower = new Float64Array(2048).fill(Number.POSITIVE_INFINITY);
for (let e = 1003; e < 1093; e++) {
  let point = -6;
  while (Number(`1e${point}`) <= 2 ** (e - 1023)) point++;
  pointBelow[e] = point;
  nextPower[e] = Number(`1e${point}`);
}

/** Writes `value` at `at` and returns the end. There must be `maxFloatBytes` of room. */
export function writeFloat(bytes: Uint8Array, view: DataView, at: number, value: number): number {
  if (value < 0) {
    bytes[at] = 45;
    if (value === Number.NEGATIVE_INFINITY) return writeAscii(bytes, at + 1, "Inf");
    return writePositive(bytes, view, at + 1, -value);
  }
  return writePositive(bytes, view, at, value);
}

function writePositive(bytes: Uint8Array, view: DataView, at: number, value: number): number {
  if (value < wholeLimit) {
    const whole = Math.trunc(value);
    if (whole === value) {
      return value === 0 && 1 / value < 0 ? writeMinusZero(bytes, at) : writeWhole(bytes, at, whole);
    }
    const milli = value * 1000;
    if (milli === Math.floor(milli) && milli / 1000 === value && milli < 1e15)
      return writeMilli(bytes, at, milli);
    if (value >= smallestScaled) return writeScaled(bytes, view, at, value);
  }
  return writeRest(bytes, at, value);
}

function writeMinusZero(bytes: Uint8Array, at: number): number {
  bytes[at] = 45;
  bytes[at + 1] = 48;
  return at + 2;
}

/** Decimal digits of a whole number below 2^53. */
export function writeWhole(bytes: Uint8Array, at: number, whole: number): number {
  if (whole < 1e9) {
    const end = at + digitCount(whole | 0);
    writeDigits(bytes, end, whole | 0, end - at);
    return end;
  }
  const high = Math.floor(whole / 1e9);
  const end = writeWhole(bytes, at, high) + 9;
  writeDigits(bytes, end, (whole - high * 1e9) | 0, 9);
  return end;
}

/** A number of thousandths: whole part, and one to three decimals without trailing zeros. */
function writeMilli(bytes: Uint8Array, at: number, milli: number): number {
  const whole = Math.floor(milli / 1000);
  const rest = milli - whole * 1000;
  let end = writeWhole(bytes, at, whole);
  bytes[end++] = 46;
  if (rest % 100 === 0) {
    bytes[end] = 48 + rest / 100;
    return end + 1;
  }
  if (rest % 10 === 0) {
    writeDigits(bytes, end + 2, rest / 10, 2);
    return end + 2;
  }
  writeDigits(bytes, end + 3, rest, 3);
  return end + 3;
}

function digitCount(value: number): number {
  if (value < 1e4) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4;
  if (value < 1e6) return value < 1e5 ? 5 : 6;
  return value < 1e8 ? (value < 1e7 ? 7 : 8) : 9;
}

/** The last `count` decimal digits of `value`, an int32, ending before `end`. */
function writeDigits(bytes: Uint8Array, end: number, value: number, count: number): void {
  let at = end;
  let rest = value;
  let left = count;
  while (left >= 2) {
    const next = (rest / 100) | 0;
    const pair = (rest - next * 100) << 1;
    bytes[--at] = digitPairs[pair + 1] as number;
    bytes[--at] = digitPairs[pair] as number;
    rest = next;
    left -= 2;
  }
  if (left === 1) bytes[at - 1] = 48 + (rest % 10);
}

function split(value: number): number {
  const spread = value * 134_217_729; // 2^27 + 1
  return spread - (spread - value);
}

/** How near to a border, in units of the 17th digit, a decision is left to `String`. */
const doubt = 1e-6;

function writeScaled(bytes: Uint8Array, view: DataView, at: number, value: number): number {
  scratch[0] = value;
  const high = scratchWords[1] as number;
  const exponent = (high >>> 20) & 0x7ff;
  if ((high & 0xfffff) === 0 && scratchWords[0] === 0) return writeRest(bytes, at, value); // Uneven neighbours.
  const point = (pointBelow[exponent] as number) + (value >= (nextPower[exponent] as number) ? 1 : 0);
  const shift = 17 - point;
  if (shift < 0 || shift > largestShift) return writeRest(bytes, at, value);
  // value × 10^shift as top + rest, exactly but for 1e-14.
  const ten = powersOfTen[shift] as number;
  const product = value * ten;
  const valueHigh = split(value);
  const valueLow = value - valueHigh;
  const tenHigh = powerSplit[shift] as number;
  const tenLow = ten - tenHigh;
  const lost = valueLow * tenLow - (product - valueHigh * tenHigh - valueLow * tenHigh - valueHigh * tenLow);
  // 17 digits as nine and eight; `low` has the fraction. `product` is a whole number, as it is above 2^53.
  let top = Math.floor(product * 1e-8);
  let low = product - top * 1e8 + lost;
  if (low < 0) {
    low += 1e8;
    top -= 1;
  } else if (low >= 1e8) {
    low -= 1e8;
    top += 1;
  }
  const reach = (halfUlp[exponent] as number) * ten;
  const tens = Math.floor(low * 0.1 + 0.5) * 10;
  const off = Math.abs(tens - low);
  if (Math.abs(off - reach) < doubt) return writeRest(bytes, at, value);
  if (off > reach) {
    const nearest = Math.floor(low + 0.5);
    if (Math.abs(Math.abs(nearest - low) - 0.5) < doubt) return writeRest(bytes, at, value);
    return writePlaced(bytes, view, at, top, nearest, point);
  }
  const hundreds = Math.floor(low * 0.01 + 0.5) * 100;
  const farther = Math.abs(hundreds - low);
  if (Math.abs(farther - reach) < doubt) return writeRest(bytes, at, value);
  if (farther <= reach) return writePlaced(bytes, view, at, top, hundreds, point);
  if (Math.abs(off - 5) < doubt) return writeRest(bytes, at, value);
  return writePlaced(bytes, view, at, top, tens, point);
}

/** Seventeen digits, `top` (nine) and `low` (eight), with the decimal point after the first `point` and no trailing zeros. */
function writePlaced(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  topDigits: number,
  lowDigits: number,
  point: number,
): number {
  let top = topDigits;
  let low = lowDigits;
  if (low >= 1e8) {
    low -= 1e8;
    top += 1;
  }
  if (top >= 1e9) {
    // Rounded up to a power of ten.
    top = 1e8;
    return writePlacedDigits(bytes, view, at, top, 0, point + 1);
  }
  return writePlacedDigits(bytes, view, at, top, low, point);
}

function writePlacedDigits(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  top: number,
  low: number,
  point: number,
): number {
  if (point <= 0) {
    bytes[at] = 48;
    bytes[at + 1] = 46;
    let start = at + 2;
    for (let i = point; i < 0; i++) bytes[start++] = 48;
    writeSeventeen(bytes, view, start, top | 0, low | 0);
    return trimZeros(bytes, start + 17);
  }
  // One place to the right, then the whole part moves left over the gap that becomes the point.
  writeSeventeen(bytes, view, at + 1, top | 0, low | 0);
  for (let i = 0; i < point; i++) bytes[at + i] = bytes[at + i + 1] as number;
  if (point >= 17) return at + 17;
  bytes[at + point] = 46;
  const end = trimZeros(bytes, at + 18);
  return bytes[end - 1] === 46 ? end - 1 : end;
}

/** Nine digits and eight; both are int32. */
function writeSeventeen(bytes: Uint8Array, view: DataView, at: number, top: number, low: number): void {
  const first = (top / 100_000_000) | 0;
  const high = (top - first * 100_000_000) | 0;
  const highQuad = (high / 10_000) | 0;
  const lowQuad = (low / 10_000) | 0;
  bytes[at] = 48 + first;
  view.setUint32(at + 1, digitQuads[highQuad] as number, true);
  view.setUint32(at + 5, digitQuads[high - highQuad * 10_000] as number, true);
  view.setUint32(at + 9, digitQuads[lowQuad] as number, true);
  view.setUint32(at + 13, digitQuads[low - lowQuad * 10_000] as number, true);
}

function trimZeros(bytes: Uint8Array, end: number): number {
  let at = end;
  while (bytes[at - 1] === 48) at--;
  return at;
}

/** The slow way, for rare magnitudes: what `String` gives differs in exponents of one digit, infinities and the sign of zero. */
function writeRest(bytes: Uint8Array, at: number, value: number): number {
  return writeAscii(bytes, at, formatUnusual(value));
}

function formatUnusual(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  const text = String(value);
  const e = text.indexOf("e");
  return e >= 0 && text.length - e === 3 ? `${text.slice(0, e + 2)}0${text.slice(e + 2)}` : text;
}

function writeAscii(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** The same as a string, for single values. */
export function formatFloat(value: number): string {
  const end = writeFloat(scratchBytes, scratchView, 0, value);
  let text = "";
  for (let i = 0; i < end; i++) text += String.fromCharCode(scratchBytes[i] as number);
  return text;
}

const scratchBytes = new Uint8Array(maxFloatBytes);
const scratchView = new DataView(scratchBytes.buffer);
