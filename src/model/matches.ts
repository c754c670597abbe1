import { unreachable } from "../lib/assert.ts";
import type { Matcher } from "./matcher.ts";
import { compileRegex } from "./regex.ts";

/** A matcher that is ready to be asked. */
export interface CompiledMatcher {
  readonly name: string;
  /** A label that a series lacks is asked about as "". */
  matches(value: string): boolean;
}

/** Prepares one matcher. Throws GatewayError `bad_data` for a broken regular expression, with Go's text. */
export function createMatcher(matcher: Matcher): CompiledMatcher {
  const { name, value } = matcher;
  switch (matcher.type) {
    case "=":
      return { name, matches: (text) => text === value };
    case "!=":
      return { name, matches: (text) => text !== value };
    case "=~": {
      const regex = compileRegex(value);
      return { name, matches: regex.matches };
    }
    case "!~": {
      const regex = compileRegex(value);
      return { name, matches: (text) => !regex.matches(text) };
    }
    default:
      return unreachable(matcher.type);
  }
}

/** Whether every matcher agrees with the value that `valueOfLabel` gives for its label. */
export function allMatch(
  matchers: readonly CompiledMatcher[],
  valueOfLabel: (name: string) => string,
): boolean {
  for (const matcher of matchers) if (!matcher.matches(valueOfLabel(matcher.name))) return false;
  return true;
}
