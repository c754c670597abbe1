/** A set of code points: pairs of first and last, sorted, neither overlapping nor adjacent. */
export type CharRanges = readonly number[];

export const maxCodePoint = 0x10ffff;

/** Sorts pairs and joins those that touch. */
export function normalizeRanges(pairs: readonly number[]): CharRanges {
  const order: (readonly [number, number])[] = [];
  for (let i = 0; i + 1 < pairs.length; i += 2) order.push([pairs[i] ?? 0, pairs[i + 1] ?? 0]);
  order.sort((a, b) => a[0] - b[0]);
  const out: number[] = [];
  for (const [lo, hi] of order) {
    const last = out.at(-1);
    if (last !== undefined && lo <= last + 1) out[out.length - 1] = Math.max(last, hi);
    else out.push(lo, hi);
  }
  return out;
}

/** Every code point that `ranges` lacks. */
export function negateRanges(ranges: CharRanges): CharRanges {
  const out: number[] = [];
  let next = 0;
  for (let i = 0; i + 1 < ranges.length; i += 2) {
    const lo = ranges[i] ?? 0;
    if (lo > next) out.push(next, lo - 1);
    next = (ranges[i + 1] ?? 0) + 1;
  }
  if (next <= maxCodePoint) out.push(next, maxCodePoint);
  return out;
}

/** Whether `code` is in the set. */
export function inRanges(ranges: CharRanges, code: number): boolean {
  let low = 0;
  let high = ranges.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (code < (ranges[2 * middle] ?? 0)) high = middle - 1;
    else if (code > (ranges[2 * middle + 1] ?? 0)) low = middle + 1;
    else return true;
  }
  return false;
}

/** Adds every character that differs from a member only by case. */
export function foldRanges(ranges: CharRanges): CharRanges {
  const [lo = 0, hi = 0] = ranges;
  if (ranges.length !== 2 || lo !== hi || lo >= 0x80) return foldAll(ranges);
  const known = foldedAscii.get(lo) ?? foldAll(ranges);
  foldedAscii.set(lo, known);
  return known;
}

/** Single characters of ASCII with their other cases, which make up most of what is folded. */
const foldedAscii = new Map<number, CharRanges>();

function foldAll(ranges: CharRanges): CharRanges {
  const pairs = [...ranges];
  for (let i = 0; i + 1 < ranges.length; i += 2) addFolded(pairs, ranges[i] ?? 0, ranges[i + 1] ?? 0);
  return normalizeRanges(pairs);
}

/** Up to this many characters are looked up one by one. */
const fewChars = 1000;

function addFolded(pairs: number[], lo: number, hi: number): void {
  if (hi < 0x80) {
    for (let code = lo; code <= hi; code++) for (const other of asciiOrbit(code)) pairs.push(other, other);
  } else if (hi - lo < fewChars) {
    const byCode = orbitsByCode();
    for (let code = lo; code <= hi; code++) {
      for (const other of byCode.get(code) ?? []) pairs.push(other, other);
    }
  } else {
    for (const orbit of caseOrbits()) {
      if (orbit.some((code) => code >= lo && code <= hi)) for (const code of orbit) pairs.push(code, code);
    }
  }
}

let knownByCode: ReadonlyMap<number, readonly number[]> | undefined;

function orbitsByCode(): ReadonlyMap<number, readonly number[]> {
  knownByCode ??= new Map(caseOrbits().flatMap((orbit) => orbit.map((code) => [code, orbit] as const)));
  return knownByCode;
}

function asciiOrbit(code: number): readonly number[] {
  const lower = code | 0x20;
  if (lower < 0x61 || lower > 0x7a) return [];
  if (lower === 0x6b) return [0x6b, 0x4b, 0x212a];
  if (lower === 0x73) return [0x73, 0x53, 0x17f];
  return [lower, lower - 0x20];
}

let knownOrbits: readonly (readonly number[])[] | undefined;

/** Groups of characters that are equal but for case. Built at first need: 10 ms or so, for `(?i)` beyond ASCII. */
function caseOrbits(): readonly (readonly number[])[] {
  if (knownOrbits !== undefined) return knownOrbits;
  const byKey = new Map<string, number[]>();
  for (let code = 0x41; code < 0x1f000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const key = foldKey(String.fromCodePoint(code));
    if (key === undefined) continue;
    const orbit = byKey.get(key);
    if (orbit === undefined) byKey.set(key, [code]);
    else orbit.push(code);
  }
  knownOrbits = [...byKey.values()].filter((orbit) => orbit.length > 1);
  return knownOrbits;
}

/** What two characters share when simple case folding makes them equal; undefined for those without case. */
function foldKey(char: string): string | undefined {
  const lower = char.toLowerCase();
  const upper = char.toUpperCase();
  if (lower === char && upper === char) return undefined;
  if (char === "\u0130" || char === "\u0131") return undefined; // Turkish i folds only with itself.
  const single = isOneChar(upper) ? upper : char;
  const key = single.toLowerCase();
  return isOneChar(key) ? key : char;
}

function isOneChar(text: string): boolean {
  return text.length === 1 || (text.length === 2 && (text.codePointAt(0) ?? 0) > 0xffff);
}

const propertyRanges = new Map<string, CharRanges | undefined>();

/** Code points of a Unicode category (`L`, `Lu`) or script (`Greek`), undefined where there is no such name. */
export function unicodeRanges(name: string): CharRanges | undefined {
  if (name === "Any") return [0, maxCodePoint];
  if (!/^[A-Za-z_]{1,40}$/.test(name)) return undefined;
  if (!propertyRanges.has(name)) propertyRanges.set(name, findProperty(name));
  return propertyRanges.get(name);
}

function findProperty(name: string): CharRanges | undefined {
  for (const property of [`General_Category=${name}`, `Script=${name}`]) {
    try {
      return scanProperty(new RegExp(`\\p{${property}}+`, "gu"));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error; // A SyntaxError says that there is no such property.
    }
  }
  return undefined;
}

function scanProperty(members: RegExp): CharRanges {
  const pairs: number[] = [];
  for (let plane = 0; plane < 0x110000; plane += 0x4000) {
    const codes = Array.from({ length: 0x4000 }, (_, i) => plane + i).filter(
      (code) => code < 0xd800 || code >= 0xe000,
    );
    for (const run of String.fromCodePoint(...codes).matchAll(members)) {
      for (const char of run[0]) pairs.push(char.codePointAt(0) ?? 0, char.codePointAt(0) ?? 0);
    }
  }
  return normalizeRanges(pairs);
}
