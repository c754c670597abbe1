/*
 * xxHash64 with seed 0 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md), on pairs of 32-bit words.
 * A number of 64 bits that a function computes is left in `low` and `high`.
 */

/** A hash as two unsigned words. */
export interface Hash64 {
  low: number;
  high: number;
}

const prime1 = { high: 0x9e3779b1, low: 0x85ebca87 };
const prime2 = { high: 0xc2b2ae3d, low: 0x27d4eb4f };
const prime3 = { high: 0x165667b1, low: 0x9e3779f9 };
const prime4 = { high: 0x85ebca77, low: 0xc2b2ae63 };
const prime5 = { high: 0x27d4eb2f, low: 0x165667c5 };

let low = 0;
let high = 0;

const lanes = new Int32Array(8);

/** Writes the xxHash64 of [start, end) of `bytes` into `hash`. */
export function xxhash64(bytes: Uint8Array, start: number, end: number, hash: Hash64): void {
  let pos = start;
  if (end - start >= 32) {
    pos = hashStripes(bytes, start, end);
    mergeLanes();
  } else set(prime5);
  add(0, end - start);
  for (; pos + 8 <= end; pos += 8) {
    const sumLow = low;
    const sumHigh = high;
    round(0, 0, word(bytes, pos + 4), word(bytes, pos));
    low ^= sumLow;
    high ^= sumHigh;
    rotate(27);
    multiply(prime1);
    add(prime4.high, prime4.low);
  }
  if (pos + 4 <= end) {
    const sumLow = low;
    const sumHigh = high;
    low = word(bytes, pos);
    high = 0;
    multiply(prime1);
    low ^= sumLow;
    high ^= sumHigh;
    rotate(23);
    multiply(prime2);
    add(prime3.high, prime3.low);
    pos += 4;
  }
  for (; pos < end; pos++) {
    const sumLow = low;
    const sumHigh = high;
    low = bytes[pos] as number;
    high = 0;
    multiply(prime5);
    low ^= sumLow;
    high ^= sumHigh;
    rotate(11);
    multiply(prime1);
  }
  avalanche();
  hash.low = low >>> 0;
  hash.high = high >>> 0;
}

/** Mixes whole stripes of 32 bytes into `lanes`; returns the offset past them. */
function hashStripes(bytes: Uint8Array, start: number, end: number): number {
  set(prime1);
  add(prime2.high, prime2.low);
  setLane(0);
  set(prime2);
  setLane(1);
  low = 0;
  high = 0;
  setLane(2);
  // 0 - prime1
  low = -prime1.low | 0;
  high = ~prime1.high;
  setLane(3);
  let pos = start;
  for (; pos + 32 <= end; pos += 32) {
    for (let lane = 0; lane < 4; lane++) {
      const at = pos + 8 * lane;
      round(lanes[2 * lane + 1] as number, lanes[2 * lane] as number, word(bytes, at + 4), word(bytes, at));
      setLane(lane);
    }
  }
  return pos;
}

function mergeLanes(): void {
  let sumLow = 0;
  let sumHigh = 0;
  for (let lane = 0; lane < 4; lane++) {
    loadLane(lane);
    rotate([1, 7, 12, 18][lane] as number);
    add(sumHigh, sumLow);
    sumLow = low;
    sumHigh = high;
  }
  for (let lane = 0; lane < 4; lane++) {
    round(0, 0, lanes[2 * lane + 1] as number, lanes[2 * lane] as number);
    low ^= sumLow;
    high ^= sumHigh;
    multiply(prime1);
    add(prime4.high, prime4.low);
    sumLow = low;
    sumHigh = high;
  }
}

function avalanche(): void {
  low ^= high >>> 1;
  multiply(prime2);
  low ^= (low >>> 29) | (high << 3);
  high ^= high >>> 29;
  multiply(prime3);
  low ^= high;
}

/** rotate(sum + input × prime2, 31) × prime1 */
function round(sumHigh: number, sumLow: number, inputHigh: number, inputLow: number): void {
  low = inputLow;
  high = inputHigh;
  multiply(prime2);
  add(sumHigh, sumLow);
  rotate(31);
  multiply(prime1);
}

function set(value: Hash64): void {
  low = value.low | 0;
  high = value.high | 0;
}

function setLane(lane: number): void {
  lanes[2 * lane] = low;
  lanes[2 * lane + 1] = high;
}

function loadLane(lane: number): void {
  low = lanes[2 * lane] as number;
  high = lanes[2 * lane + 1] as number;
}

function add(byHigh: number, byLow: number): void {
  const sum = (low >>> 0) + (byLow >>> 0);
  high = (high + byHigh + (sum > 0xffffffff ? 1 : 0)) | 0;
  low = sum | 0;
}

function rotate(by: number): void {
  const before = high;
  if (by < 32) {
    high = (high << by) | (low >>> (32 - by));
    low = (low << by) | (before >>> (32 - by));
  }
}

function multiply(by: Hash64): void {
  const carried = highProduct(low, by.low);
  high = (carried + Math.imul(low, by.high) + Math.imul(high, by.low)) | 0;
  low = Math.imul(low, by.low);
}

/** The high word of the product of two unsigned words. */
function highProduct(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(other / 65536)) | 0;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
