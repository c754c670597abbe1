import { quoteGo, quoteRune } from "../../model/quote.ts";
import { isAlpha, isAlphaNumeric, isDigit, scanDuration, scanNumber } from "./scan-number.ts";
import { scanString } from "./scan-string.ts";
import { isSpace } from "./source.ts";
import { keywords, type TokenKind } from "./token.ts";

/**
 * Reads a query's tokens one by one; places are UTF-16 units. After an `error` token there are no more.
 * Follows upstream's state machine with its quirks: inside `[` until the first number other rules hold than after it, and
 * a closing parenthesis too many is found only behind it.
 */
export interface Lexer {
  kind: TokenKind;
  start: number;
  end: number;
  /** What is wrong, where `kind` is `error`. */
  problem: string;
  /** End of the last token read that closes something or is a number. */
  lastClosing: number;
  next(): void;
}

const durationWords: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  ["step", "step"],
  ["range", "range"],
  ["max_of", "max_of"],
  ["min_of", "min_of"],
]);

export function createLexer(text: string): Lexer {
  let at = 0;
  let parens = 0;
  let inBraces = false;
  let inBrackets = false;
  let sawColon = false;
  let sawDuration = false;
  /** Inside brackets, before the first number. */
  let inDuration = false;

  const lexer: Lexer = { kind: "eof", start: 0, end: 0, problem: "", lastClosing: 0, next };

  function next(): void {
    if (lexer.kind === "error") return;
    if (inDuration) nextInDuration();
    else if (inBraces) nextInBraces();
    else nextStatement();
  }

  function emit(kind: TokenKind, end: number): TokenKind {
    lexer.kind = kind;
    lexer.start = at;
    lexer.end = end;
    at = end;
    return kind;
  }

  function emitClosing(kind: TokenKind, end: number): TokenKind {
    lexer.lastClosing = end;
    return emit(kind, end);
  }

  function fail(problem: string, start = at): TokenKind {
    lexer.kind = "error";
    lexer.start = start;
    lexer.end = text.length;
    lexer.problem = problem;
    return lexer.kind;
  }

  /** The character at `index`, U+FFFD past the end, as Go prints it. */
  function charAt(index: number): string {
    const code = text.codePointAt(index);
    return code === undefined ? "\ufffd" : String.fromCodePoint(code);
  }

  function skipSpace(withComments: boolean): void {
    for (;;) {
      const code = text.charCodeAt(at);
      if (isSpace(code)) at++;
      else if (code === 0x23 && withComments) {
        while (at < text.length && text[at] !== "\n" && text[at] !== "\r") at++;
      } else return;
    }
  }

  function nextStatement(): TokenKind {
    skipSpace(true);
    if (at >= text.length) {
      if (parens !== 0) return fail("unclosed left parenthesis");
      return inBrackets ? fail("unclosed left bracket") : emit("eof", at);
    }
    const code = text.charCodeAt(at);
    if (isAlpha(code) || code === 0x3a) return word(code);
    if (isDigit(code) || (code === 0x2e && isDigit(text.charCodeAt(at + 1)))) return number();
    return punctuation(text[at] ?? "");
  }

  function punctuation(char: string): TokenKind {
    const following = text[at + 1] ?? "";
    switch (char) {
      case ",":
      case "*":
      case "/":
      case "%":
      case "+":
      case "-":
      case "^":
      case "@":
        return emit(char, at + 1);
      case "(":
        parens++;
        return emit("(", at + 1);
      case ")":
        return closeParen();
      case "=":
        if (following === "=") return emit("==", at + 2);
        if (following === "~") return fail("unexpected character after '=': '~'");
        return emit("=", at + 1);
      case "!":
        if (following === "=") return emit("!=", at + 2);
        return fail(`unexpected character after '!': ${quoteRune(charAt(at + 1))}`);
      case "<":
        if (following === "=") return emit("<=", at + 2);
        return following === "/" ? emit("</", at + 2) : emit("<", at + 1);
      case ">":
        if (following === "=") return emit(">=", at + 2);
        return following === "/" ? emit(">/", at + 2) : emit(">", at + 1);
      case '"':
      case "'":
      case "`":
        return string();
      case "{":
        inBraces = true;
        return emit("{", at + 1);
      case "[":
        return openBracket();
      case "]":
        if (!inBrackets) return fail("unexpected right bracket ']'");
        inBrackets = false;
        return emitClosing("]", at + 1);
      default:
        return fail(`unexpected character: ${quoteRune(charAt(at))}`);
    }
  }

  function closeParen(): TokenKind {
    if (parens-- > 0) return emitClosing(")", at + 1);
    emit(")", at + 1);
    return fail("unexpected right parenthesis ')'");
  }

  function openBracket(): TokenKind {
    if (inBrackets) return fail("unexpected left bracket '['");
    sawColon = false;
    inBrackets = true;
    inDuration = true;
    return emit("[", at + 1);
  }

  function string(): TokenKind {
    const scan = scanString(text, at);
    return "problem" in scan ? fail(scan.problem) : emit("string", scan.end);
  }

  function number(): TokenKind {
    inDuration = false;
    const plain = scanNumber(text, at);
    if (plain.valid) return emitClosing("number", plain.end);
    const duration = scanDuration(text, plain.end);
    if (duration.valid) return emitClosing("duration", duration.end);
    return fail(`bad number or duration syntax: ${quoteGo(text.slice(at, duration.end))}`);
  }

  function word(first: number): TokenKind {
    if (inBrackets) return wordInBrackets(first);
    let end = at + 1;
    let hasColon = first === 0x3a;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === 0x3a) hasColon = true;
      else if (!isAlphaNumeric(code)) break;
    }
    if (hasColon) return emit("metric-identifier", end);
    const name = text.slice(at, end);
    const keyword = keywords.get(name) ?? (/[A-Z]/.test(name) ? keywords.get(name.toLowerCase()) : undefined);
    if (keyword === undefined) return emit("identifier", end);
    if (keyword === "number") return emitClosing("number", end);
    const isFill = keyword === "fill" || keyword === "fill_left" || keyword === "fill_right";
    return emit(isFill && !parenFollows(end) ? "identifier" : keyword, end);
  }

  function parenFollows(from: number): boolean {
    let index = from;
    while (isSpace(text.charCodeAt(index))) index++;
    return text[index] === "(";
  }

  function wordInBrackets(first: number): TokenKind {
    if (first === 0x3a) {
      if (sawColon) return fail("unexpected colon ':'");
      sawColon = true;
      return emit(":", at + 1);
    }
    return durationWord() ?? fail(`unexpected character: ${quoteRune(charAt(at))}, expected ':'`);
  }

  function durationWord(): TokenKind | undefined {
    let end = at;
    while (isAlpha(text.charCodeAt(end))) end++;
    const kind = durationWords.get(text.slice(at, end).toLowerCase());
    return kind === undefined ? undefined : emit(kind, end);
  }

  function nextInDuration(): TokenKind {
    skipSpace(false);
    if (at >= text.length) return fail("unexpected end of input in duration expression");
    const char = text[at] ?? "";
    switch (char) {
      case "]":
        inBrackets = false;
        inDuration = false;
        sawColon = false;
        return emitClosing("]", at + 1);
      case ":":
        return colonInDuration();
      case "(":
        parens++;
        return emit("(", at + 1);
      case ")":
        return closeParen();
      case "+":
      case "-":
      case "*":
      case "/":
      case "%":
      case "^":
      case ",":
        return emit(char, at + 1);
      default:
        if (isDigit(text.charCodeAt(at)) || (char === "." && isDigit(text.charCodeAt(at + 1)))) {
          sawDuration = true;
          return number();
        }
        return (
          durationWord() ?? fail(`unexpected character in duration expression: ${quoteRune(charAt(at))}`)
        );
    }
  }

  function colonInDuration(): TokenKind {
    emit(":", at + 1);
    if (!sawDuration) return fail("unexpected colon before duration in duration expression");
    if (sawColon) return fail("unexpected repeated colon in duration expression");
    sawColon = true;
    return ":";
  }

  function nextInBraces(): TokenKind {
    skipSpace(true);
    if (at >= text.length) return fail("unexpected end of input inside braces");
    const char = text[at] ?? "";
    const following = text[at + 1] ?? "";
    if (isAlpha(text.charCodeAt(at))) {
      let end = at + 1;
      while (isAlphaNumeric(text.charCodeAt(end))) end++;
      return emit("identifier", end);
    }
    switch (char) {
      case ",":
        return emit(",", at + 1);
      case '"':
      case "'":
      case "`":
        return string();
      case "=":
        return following === "~" ? emit("=~", at + 2) : emit("=", at + 1);
      case "!":
        if (following === "~") return emit("!~", at + 2);
        if (following === "=") return emit("!=", at + 2);
        return fail(`unexpected character after '!' inside braces: ${quoteRune(charAt(at + 1))}`);
      case "{":
        return fail("unexpected left brace '{'");
      case "}":
        inBraces = false;
        return emitClosing("}", at + 1);
      default:
        return fail(`unexpected character inside braces: ${quoteRune(charAt(at))}`);
    }
  }

  return lexer;
}
