import { allFeatures, type Diagnostic, parseQuery } from "../../src/promql/syntax/parse.ts";

/** A query and what upstream's parser says about it. */
export interface ParseCase {
  readonly input: string | { readonly bytesHex: string };
  readonly valid: boolean;
  /** The first findings; upstream may have more to say after them. */
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

/** What is wrong with our answer to the case, undefined where nothing is. */
export function checkParseCase(parseCase: ParseCase): string | undefined {
  const { diagnostics } = parseQuery(wholeInput(parseCase).query, allFeatures);
  const wanted = parseCase.errors ?? [];
  const got: readonly Diagnostic[] = diagnostics;
  const equal =
    (got.length === 0) === parseCase.valid && wanted.every((error, i) => sameDiagnostic(error, got[i]));
  return equal ? undefined : `wants ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`;
}

function sameDiagnostic(a: Diagnostic, b: Diagnostic | undefined): boolean {
  return a.start === b?.start && a.end === b.end && a.message === b.message;
}
