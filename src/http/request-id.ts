import { randomBytes } from "../runtime/random.ts";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A fresh ULID: 48 bits of time and 80 of chance in Crockford's base 32. */
export function createRequestId(nowMs: number): string {
  let text = "";
  let rest = nowMs;
  for (let i = 0; i < 10; i++) {
    text = alphabet[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  for (let i = 0; i < chanceLetters; i++) text += alphabet[nextByte() & 31];
  return text;
}

const chanceLetters = 16;
let chance: Uint8Array = new Uint8Array(0);
let taken = 0;

/** Asking for chance in large pieces costs a hundredth of asking for each id. */
function nextByte(): number {
  if (taken === chance.length) {
    chance = randomBytes(4096);
    taken = 0;
  }
  return chance[taken++] as number;
}

/** A caller's own id where it may travel as a header value, else a fresh one. */
export function requestIdOf(given: string | null, nowMs: number): string {
  return given !== null && /^[\x21-\x7e]{1,128}$/.test(given) ? given : createRequestId(nowMs);
}
