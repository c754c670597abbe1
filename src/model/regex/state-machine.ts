import { unreachable } from "../../lib/assert.ts";
import { GatewayError } from "../../lib/errors.ts";
import { type CharRanges, inRanges } from "./char-ranges.ts";
import type { AssertionKind, RegexNode } from "./regex-node.ts";

/*
 * Thompson's construction, run on all states at once, so that time grows with text × states and never worse:
 *
 *   a(b|c)*   0: char a → 1    1: split → 2, 5    2: split → 3, 4    3: char b → 1    4: char c → 1    5: match
 */

type State =
  | { readonly kind: "char"; readonly ranges: CharRanges; next: number }
  | { readonly kind: "split"; first: number; second: number }
  | { readonly kind: "assertion"; readonly at: AssertionKind; next: number }
  | { readonly kind: "match" };

const maxStates = 100_000;

/** A test whether the whole text matches, in time linear in the text. Throws GatewayError `bad_data` for one too large. */
export function createStateMachine(node: RegexNode): (text: string) => boolean {
  const states: State[] = [];
  const start = build(states, node, addState(states, { kind: "match" }));
  let current = createStateSet(states.length);
  let following = createStateSet(states.length);
  return (text) => {
    current.clear();
    follow({ states, text, at: 0 }, current, start);
    for (let at = 0; at < text.length; ) {
      const code = text.codePointAt(at) ?? 0;
      at += code > 0xffff ? 2 : 1;
      following.clear();
      const place = { states, text, at };
      for (let i = 0; i < current.count(); i++) {
        const state = states[current.get(i)];
        if (state?.kind === "char" && inRanges(state.ranges, code)) follow(place, following, state.next);
      }
      if (following.count() === 0) return false;
      [current, following] = [following, current];
    }
    for (let i = 0; i < current.count(); i++) if (states[current.get(i)]?.kind === "match") return true;
    return false;
  };
}

function addState(states: State[], state: State): number {
  if (states.length >= maxStates) {
    throw new GatewayError("bad_data", "error parsing regexp: expression too large");
  }
  states.push(state);
  return states.length - 1;
}

/** Adds the states of `node`, going on at `next`; gives the state to begin with. */
function build(states: State[], node: RegexNode, next: number): number {
  switch (node.kind) {
    case "literal": {
      let start = next;
      for (const char of [...node.text].reverse()) {
        const code = char.codePointAt(0) ?? 0;
        start = addState(states, { kind: "char", ranges: [code, code], next: start });
      }
      return start;
    }
    case "chars":
      return addState(states, { kind: "char", ranges: node.ranges, next });
    case "assertion":
      return addState(states, { kind: "assertion", at: node.at, next });
    case "group":
      return build(states, node.item, next);
    case "concat":
      return node.items.reduceRight((start, item) => build(states, item, start), next);
    case "alternate":
      return node.items
        .map((item) => build(states, item, next))
        .reduceRight((second, first) => addState(states, { kind: "split", first, second }));
    case "repeat":
      return buildRepeat(states, node, next);
    default:
      return unreachable(node);
  }
}

function buildRepeat(states: State[], node: RegexNode & { kind: "repeat" }, next: number): number {
  let start = next;
  if (node.max === Number.POSITIVE_INFINITY) {
    const loop: State & { kind: "split" } = { kind: "split", first: next, second: next };
    start = addState(states, loop);
    loop.first = build(states, node.item, start);
  } else {
    for (let i = node.min; i < node.max; i++) {
      start = addState(states, { kind: "split", first: build(states, node.item, start), second: next });
    }
  }
  for (let i = 0; i < node.min; i++) start = build(states, node.item, start);
  return start;
}

/** A set of states in order of arrival. */
export interface StateSet {
  clear(): void;
  count(): number;
  get(index: number): number;
  /** False where it was there already. */
  add(state: number): boolean;
}

/** A set of small numbers in order of arrival, emptied in no time. */
export function createStateSet(size: number): StateSet {
  const members = new Uint32Array(size);
  const places = new Uint32Array(size);
  let count = 0;
  return {
    clear() {
      count = 0;
    },
    count: () => count,
    get: (index) => members[index] ?? 0,
    add(state) {
      const place = places[state] ?? 0;
      if (place < count && members[place] === state) return false;
      places[state] = count;
      members[count++] = state;
      return true;
    },
  };
}

interface Place {
  readonly states: readonly State[];
  readonly text: string;
  readonly at: number;
}

/** Adds `start` and every state that is reached from it without reading. */
function follow(place: Place, set: StateSet, start: number): void {
  const pending = [start];
  for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
    if (!set.add(index)) continue;
    const state = place.states[index];
    if (state?.kind === "split") pending.push(state.second, state.first);
    else if (state?.kind === "assertion" && assertionHolds(state.at, place.text, place.at))
      pending.push(state.next);
  }
}

/** Whether an assertion is true before the character `at`. */
export function assertionHolds(kind: AssertionKind, text: string, at: number): boolean {
  switch (kind) {
    case "text-start":
      return at === 0;
    case "text-end":
      return at === text.length;
    case "line-start":
      return at === 0 || text.charCodeAt(at - 1) === 10;
    case "line-end":
      return at === text.length || text.charCodeAt(at) === 10;
    case "word":
      return isWord(text, at - 1) !== isWord(text, at);
    case "not-word":
      return isWord(text, at - 1) === isWord(text, at);
    default:
      return unreachable(kind);
  }
}

function isWord(text: string, at: number): boolean {
  return at >= 0 && at < text.length && /\w/.test(text[at] ?? "");
}
