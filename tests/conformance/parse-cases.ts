import { allFeatures, type Diagnostic, parseQuery } from "../../src/promql/syntax/parse.ts";

/** A query and what upstream's parser says about it. */
export interface ParseCase {
  readonly input: string | { readonly bytesHex: string };
  readonly valid: boolean;
  /** Findings, in order; `furtherErrors` has those that the file lacks. */
  readonly errors?: readonly Diagnostic[];
}

/**
 * Inputs that upstream's test puts together from several Go strings, of which the file holds only the first piece. They are
 * put back whole, as `promql/parser/parse_test.go` has them.
 */
const cutInputs: ReadonlyMap<string, string> = new Map([
  ["{'foo\\'bar', ", "{'foo\\'bar', `a\\dos\\path`=\"boo\"}"],
  ["`", "`\\a\\b\\f\\n\\r\\t\\v\\\\\\\"\\' - \\xFF\\377\\u1234\\U00010111\\U0001011111☺`"],
]);

const notPositive = { start: 0, end: 0, message: "duration must be greater than 0" };
const noArguments = { start: 0, end: 0, message: "no arguments for aggregate expression provided" };

/** Findings that upstream's test wants after those in the file, which leaves out positions without a start. */
const furtherErrors: ReadonlyMap<string, Diagnostic> = new Map([
  [
    "foo and bool 10",
    { start: 0, end: 15, message: 'set operator "and" not allowed in binary scalar expression' },
  ],
  ["foo[step()/0d]", notPositive],
  ["foo[5s/0d]", notPositive],
  ["foo[5s%0d]", notPositive],
  ["foo[9.5e10]", notPositive],
  ["sum(", noArguments],
  ["sum(rate(", noArguments],
]);

/** The input as upstream's parser got it, and whether it had to be made whole first. */
export function wholeInput({ input, valid }: ParseCase): {
  readonly query: string | Uint8Array;
  readonly restored: boolean;
} {
  if (typeof input !== "string") return { query: bytesOf(input.bytesHex), restored: false };
  const whole = valid ? cutInputs.get(input) : undefined;
  return { query: whole ?? input, restored: whole !== undefined };
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** What is wrong with our answer to the case, undefined where nothing is: every finding counts, none may be added. */
export function checkParseCase(parseCase: ParseCase): string | undefined {
  const got: readonly Diagnostic[] = parseQuery(wholeInput(parseCase).query, allFeatures).diagnostics;
  const further = typeof parseCase.input === "string" ? furtherErrors.get(parseCase.input) : undefined;
  const wanted = [...(parseCase.errors ?? []), ...(further === undefined ? [] : [further])];
  const equal =
    (got.length === 0) === parseCase.valid &&
    got.length === wanted.length &&
    wanted.every((error, i) => sameDiagnostic(error, got[i]));
  return equal ? undefined : `wants ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`;
}

function sameDiagnostic(a: Diagnostic, b: Diagnostic | undefined): boolean {
  return a.start === b?.start && a.end === b.end && a.message === b.message;
}
