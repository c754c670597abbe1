/** Where a scan stopped, and whether what was read is a number. */
export interface NumberScan {
  readonly end: number;
  readonly valid: boolean;
}

/**
 * Reads a number as upstream's scanNumber does: decimal or hexadecimal, `_` between digits, one dot, one exponent.
 * `repeats` lets an `x` follow and rules out hexadecimal, as in the series notation of test scripts.
 */
export function scanNumber(text: string, start: number, repeats = false): NumberScan {
  let at = start;
  let hex = false;
  if (!repeats && text[at] === "0") {
    at++;
    if (text[at] === "x" || text[at] === "X") {
      at++;
      if (text[at] === "_") at++;
      hex = true;
    }
  }
  if (text[at] === ".") at++;
  if (isDigitOf(text.charCodeAt(at), hex)) at++;
  let dots = 0;
  let exponents = 0;
  for (;;) {
    const code = text.charCodeAt(at);
    const isExponent = code === 0x65 || code === 0x45;
    if (code === 0x2e) {
      at++;
      if (dots++ > 0) return { end: at, valid: false };
      if (isOneOf(text, at, "_.")) return { end: at + 1, valid: false };
      if (hex) return { end: at, valid: false };
    } else if (isExponent) {
      at++;
      if (exponents++ > 0) return { end: at, valid: false };
      if (isOneOf(text, at, "+-")) at++;
      if (isOneOf(text, at, "._eE")) return { end: at + 1, valid: false };
      if (at >= text.length) return { end: at, valid: false };
    } else if (code === 0x5f) {
      at++;
      if (isOneOf(text, at, "._eE")) return { end: at + 1, valid: false };
      if (at >= text.length) return { end: at, valid: false };
    } else if (isDigitOf(code, hex)) {
      // A run at once: an e inside of hexadecimal digits is no exponent.
      do at++;
      while (isDigitOf(text.charCodeAt(at), hex));
    } else break;
  }
  if (at === start) return { end: at, valid: false };
  const next = text.charCodeAt(at);
  return { end: at, valid: (repeats && next === 0x78) || !isAlphaNumeric(next) };
}

/** Goes on where scanNumber failed: reads a unit and further numbers with units. */
export function scanDuration(text: string, from: number): NumberScan {
  let at = from;
  if (!isOneOf(text, at, "smhdwy")) return { end: at, valid: false };
  at++;
  if (text[at] === "s") at++;
  while (isDigit(text.charCodeAt(at))) {
    while (isDigit(text.charCodeAt(at))) at++;
    if (!isOneOf(text, at, "smhdw")) return { end: at, valid: false };
    at++;
    if (text[at] === "s") at++;
  }
  const next = text.codePointAt(at);
  if (next === undefined || !isAlphaNumeric(next)) return { end: at, valid: true };
  return { end: at + 1, valid: false };
}

function isOneOf(text: string, at: number, chars: string): boolean {
  return at < text.length && chars.includes(text[at] ?? "");
}

function isDigitOf(code: number, hex: boolean): boolean {
  if (isDigit(code)) return true;
  const lower = code | 0x20;
  return hex && lower >= 0x61 && lower <= 0x66;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isAlpha(code: number): boolean {
  const lower = code | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || code === 0x5f;
}

export function isAlphaNumeric(code: number): boolean {
  return isAlpha(code) || isDigit(code);
}
