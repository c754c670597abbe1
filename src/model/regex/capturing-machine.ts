import { unreachable } from "../../lib/assert.ts";
import { GatewayError } from "../../lib/errors.ts";
import { type CharRanges, inRanges } from "./char-ranges.ts";
import type { AssertionKind, RegexNode } from "./regex-node.ts";
import { assertionHolds, createStateSet, type StateSet } from "./state-machine.ts";

/*
 * Pike's machine: the states of all ways to match run at once, in the order in which a backtracking engine would try
 * them, each with the places of its groups. So time grows with text × states, and what is captured is what Go captures:
 *
 *   (a|b)*   0: split → 1, 6    1: save 2    2: split → 3, 4    3: char a → 5    4: char b → 5    5: save 3 → 0    6: match
 */

type State =
  | { readonly kind: "char"; readonly ranges: CharRanges; readonly next: number }
  | { readonly kind: "split"; first: number; second: number }
  | { readonly kind: "assertion"; readonly at: AssertionKind; readonly next: number }
  | { readonly kind: "save"; readonly slot: number; readonly next: number }
  | { readonly kind: "match" };

/** The places saved on one way, newest first: ways that split share what they had in common. */
interface Saved {
  readonly slot: number;
  readonly at: number;
  readonly before: Saved | undefined;
}

const maxStates = 100_000;

/**
 * The texts of the whole match and of the groups, `undefined` for a group that took no part, in time linear in the text.
 * Throws GatewayError `bad_data` for an expression too large.
 */
export function createCapturingMachine(
  node: RegexNode,
): (text: string) => readonly (string | undefined)[] | undefined {
  const program: Program = { states: [], groups: 0 };
  const start = build(program, node, addState(program, { kind: "match" }), takeGroups(program, node));
  const { states } = program;
  let current = createThreads(states.length);
  let following = createThreads(states.length);
  return (text) => {
    current.set.clear();
    follow({ states, text, at: 0 }, current, start, undefined);
    for (let at = 0; at < text.length && current.set.count() > 0; ) {
      const code = text.codePointAt(at) ?? 0;
      at += code > 0xffff ? 2 : 1;
      following.set.clear();
      const place = { states, text, at };
      for (let i = 0; i < current.set.count(); i++) {
        const index = current.set.get(i);
        const state = states[index];
        if (state?.kind === "char" && inRanges(state.ranges, code)) {
          follow(place, following, state.next, current.saved[index]);
        }
      }
      [current, following] = [following, current];
    }
    for (let i = 0; i < current.set.count(); i++) {
      const index = current.set.get(i);
      if (states[index]?.kind === "match") return textsOf(text, program.groups, current.saved[index]);
    }
    return undefined;
  };
}

interface Program {
  readonly states: State[];
  groups: number;
}

/** Numbers of the groups by their nodes: copies of a repetition's item share them. */
type GroupNumbers = ReadonlyMap<RegexNode, number>;

function takeGroups(program: Program, node: RegexNode): GroupNumbers {
  const numbers = new Map<RegexNode, number>();
  const visit = (item: RegexNode): void => {
    if (item.kind === "group") numbers.set(item, ++program.groups);
    if (item.kind === "group" || item.kind === "repeat") visit(item.item);
    else if (item.kind === "concat" || item.kind === "alternate") item.items.forEach(visit);
  };
  visit(node);
  return numbers;
}

function addState({ states }: Program, state: State): number {
  if (states.length >= maxStates) {
    throw new GatewayError("bad_data", "error parsing regexp: expression too large");
  }
  states.push(state);
  return states.length - 1;
}

/** Adds the states of `node`, going on at `next`; gives the state to begin with. */
function build(program: Program, node: RegexNode, next: number, groups: GroupNumbers): number {
  switch (node.kind) {
    case "literal":
      return [...node.text].reduceRight((after, char) => {
        const code = char.codePointAt(0) ?? 0;
        return addState(program, { kind: "char", ranges: [code, code], next: after });
      }, next);
    case "chars":
      return addState(program, { kind: "char", ranges: node.ranges, next });
    case "assertion":
      return addState(program, { kind: "assertion", at: node.at, next });
    case "group": {
      const slot = 2 * (groups.get(node) ?? 0);
      const end = addState(program, { kind: "save", slot: slot + 1, next });
      return addState(program, { kind: "save", slot, next: build(program, node.item, end, groups) });
    }
    case "concat":
      return node.items.reduceRight((after, item) => build(program, item, after, groups), next);
    case "alternate":
      return node.items
        .map((item) => build(program, item, next, groups))
        .reduceRight((second, first) => addState(program, { kind: "split", first, second }));
    case "repeat":
      return buildRepeat(program, node, next, groups);
    default:
      return unreachable(node);
  }
}

function buildRepeat(
  program: Program,
  node: RegexNode & { kind: "repeat" },
  next: number,
  groups: GroupNumbers,
): number {
  const item = (after: number) => build(program, node.item, after, groups);
  const choice = (into: number, past: number) =>
    addState(program, {
      kind: "split",
      first: node.greedy ? into : past,
      second: node.greedy ? past : into,
    });
  let start = next;
  let copies = node.min;
  if (node.max === Number.POSITIVE_INFINITY) {
    const loop: State & { kind: "split" } = { kind: "split", first: next, second: next };
    const again = addState(program, loop);
    const once = item(again);
    if (node.greedy) loop.first = once;
    else loop.second = once;
    // As in Go, what may be empty has a way around it of its own: which group is found last depends on it.
    if (node.min > 0) start = once;
    else start = mayBeEmpty(node.item) ? choice(once, next) : again;
    copies = Math.max(0, node.min - 1);
  } else {
    for (let i = node.min; i < node.max; i++) start = choice(item(start), next);
  }
  for (let i = 0; i < copies; i++) start = item(start);
  return start;
}

function mayBeEmpty(node: RegexNode): boolean {
  switch (node.kind) {
    case "literal":
      return node.text === "";
    case "chars":
      return false;
    case "assertion":
      return true;
    case "group":
      return mayBeEmpty(node.item);
    case "concat":
      return node.items.every(mayBeEmpty);
    case "alternate":
      return node.items.some(mayBeEmpty);
    case "repeat":
      return node.min === 0 || mayBeEmpty(node.item);
    default:
      return unreachable(node);
  }
}

/** States in the order of preference, and what was saved on the way to each. */
interface Threads {
  readonly set: StateSet;
  readonly saved: (Saved | undefined)[];
}

function createThreads(size: number): Threads {
  return { set: createStateSet(size), saved: new Array<Saved | undefined>(size).fill(undefined) };
}

interface Place {
  readonly states: readonly State[];
  readonly text: string;
  readonly at: number;
}

/** Adds `start` and every state that is reached from it without reading, what is preferred first. */
function follow(place: Place, threads: Threads, start: number, saved: Saved | undefined): void {
  const pending: { readonly index: number; readonly saved: Saved | undefined }[] = [{ index: start, saved }];
  for (let way = pending.pop(); way !== undefined; way = pending.pop()) {
    if (!threads.set.add(way.index)) continue;
    threads.saved[way.index] = way.saved;
    const state = place.states[way.index];
    if (state?.kind === "split") {
      pending.push({ index: state.second, saved: way.saved }, { index: state.first, saved: way.saved });
    } else if (state?.kind === "save") {
      pending.push({ index: state.next, saved: { slot: state.slot, at: place.at, before: way.saved } });
    } else if (state?.kind === "assertion" && assertionHolds(state.at, place.text, place.at)) {
      pending.push({ index: state.next, saved: way.saved });
    }
  }
}

function textsOf(text: string, groups: number, saved: Saved | undefined): readonly (string | undefined)[] {
  const places = new Int32Array(2 * groups + 2).fill(-1);
  for (let one = saved; one !== undefined; one = one.before) {
    if (places[one.slot] === -1) places[one.slot] = one.at;
  }
  const out: (string | undefined)[] = [text];
  for (let group = 1; group <= groups; group++) {
    const end = places[2 * group + 1] as number;
    out.push(end < 0 ? undefined : text.slice(places[2 * group], end));
  }
  return out;
}
