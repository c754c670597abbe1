import { longestBacktracked } from "./regex/backtracking-cost.ts";
import { createCapturingMachine } from "./regex/capturing-machine.ts";
import { parseRegex } from "./regex/parse-regex.ts";
import type { RegexNode } from "./regex/regex-node.ts";
import { regexSource } from "./regex/regex-source.ts";
import { simpleTest } from "./regex/simple-test.ts";
import { createStateMachine } from "./regex/state-machine.ts";

/** A compiled regular expression of RE2's syntax that is held against whole texts, as Prometheus does. */
export interface Regex {
  matches(text: string): boolean;
  /** The texts of the whole match and of the groups, `undefined` for a group that took no part or where nothing matches. */
  groups(text: string): readonly (string | undefined)[] | undefined;
  /** Names of the groups, "" for those without; the whole match comes first. */
  readonly groupNames: readonly string[];
  /** Every text that matches, where there are few enough to name them. */
  readonly literals: readonly string[] | undefined;
  /** What every matching text begins with. */
  readonly prefix: string;
}

/**
 * Compiles `pattern`; `.` matches a newline, as in Prometheus. Throws GatewayError `bad_data` with Go's texts.
 * `matches` and `groups` take time linear in the text, or bounded by a small power of it where that is quicker in practice.
 */
export function compileRegex(pattern: string): Regex {
  const node = parseRegex(pattern);
  const simple = simpleTest(node);
  const test = simple.matches ?? complexTest(node);
  let capture: Regex["groups"] | undefined;
  return {
    matches: test,
    groups(text) {
      if (!test(text)) return undefined;
      capture ??= createCapture(node);
      return capture(text);
    },
    groupNames: ["", ...namesOf(node)],
    literals: simple.literals,
    prefix: simple.prefix,
  };
}

function complexTest(node: RegexNode): (text: string) => boolean {
  const longest = sizeOf(node) <= maxEngineSize ? longestBacktracked(node) : 0;
  const regexp = longest > 0 ? anchored(node) : undefined;
  if (regexp === undefined) return createStateMachine(node);
  let machine: ((text: string) => boolean) | undefined;
  return (text) => {
    if (text.length <= longest) return regexp.test(text);
    machine ??= createStateMachine(node);
    return machine(text);
  };
}

/** JavaScript's engine forgets in each round of a repetition what a group within it took before; Go does not. */
function createCapture(node: RegexNode): Regex["groups"] {
  const suits = sizeOf(node) <= maxEngineSize && !repeatsGroups(node);
  const longest = suits ? longestBacktracked(node) : 0;
  const regexp = longest > 0 ? anchored(node) : undefined;
  if (regexp === undefined) return createCapturingMachine(node);
  let machine: Regex["groups"] | undefined;
  return (text) => {
    if (text.length <= longest) return regexp.exec(text) ?? undefined;
    machine ??= createCapturingMachine(node);
    return machine(text);
  };
}

function repeatsGroups(node: RegexNode): boolean {
  switch (node.kind) {
    case "group":
      return repeatsGroups(node.item);
    case "repeat":
      return namesOf(node.item).length > 0;
    case "concat":
    case "alternate":
      return node.items.some(repeatsGroups);
    default:
      return false;
  }
}

/** Nodes, characters and bounds of classes that JavaScript's engine is given; it takes a tenth of a second for a hundred thousand. */
const maxEngineSize = 20_000;

function sizeOf(node: RegexNode): number {
  switch (node.kind) {
    case "literal":
      return node.text.length;
    case "chars":
      return node.ranges.length;
    case "group":
    case "repeat":
      return 1 + sizeOf(node.item);
    case "concat":
    case "alternate":
      return node.items.reduce((size, item) => size + sizeOf(item), 1);
    default:
      return 1;
  }
}

/** Undefined where the expression is too large for JavaScript's engine. */
function anchored(node: RegexNode): RegExp | undefined {
  try {
    const regexp = new RegExp(`^(?:${regexSource(node)})$`, "u");
    regexp.test(""); // Compiled at first use, which is when its size shows.
    return regexp;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // The source is well formed, so it is the size.
    throw error;
  }
}

function namesOf(node: RegexNode): readonly string[] {
  switch (node.kind) {
    case "group":
      return [node.name, ...namesOf(node.item)];
    case "repeat":
      return namesOf(node.item);
    case "concat":
    case "alternate":
      return node.items.flatMap(namesOf);
    default:
      return [];
  }
}
