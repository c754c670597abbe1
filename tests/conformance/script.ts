import { parseDuration } from "../../src/model/duration.ts";
import type { Labels } from "../../src/model/labels.ts";
import { parseNumber } from "../../src/promql/syntax/parse-number.ts";
import { unquote } from "../../src/promql/syntax/unquote.ts";
import { type Point, parseSeriesLine, type SeriesLine } from "./series-notation.ts";

/** One command of a PromQL script. */
export type Command =
  | { readonly kind: "clear" }
  | {
      readonly kind: "load";
      readonly stepMs: number;
      readonly nhcb: boolean;
      readonly series: readonly SeriesLine[];
    }
  | EvalCommand;

export interface EvalCommand {
  readonly kind: "eval";
  readonly line: number;
  readonly expr: string;
  readonly range: boolean;
  /** Time of an instant evaluation. */
  readonly timeMs: number;
  /** Times that the points of expected series stand for. */
  readonly grid: { readonly startMs: number; readonly endMs: number; readonly stepMs: number };
  readonly ordered: boolean;
  readonly fails: TextMatch | undefined;
  readonly warnings: AnnotationsExpected;
  readonly infos: AnnotationsExpected;
  readonly expected: Expectation;
}

/** A text that must come: any, this one, or one that this expression finds. */
export interface TextMatch {
  readonly message: string | undefined;
  readonly pattern: RegExp | undefined;
}

/** `any` where nothing is said; otherwise each must be met, and each that comes must meet one: none at all for []. */
export type AnnotationsExpected = "any" | readonly TextMatch[];

export type Expectation =
  | { readonly kind: "series"; readonly series: readonly ExpectedSeries[]; readonly rangeVector: boolean }
  | { readonly kind: "scalar"; readonly value: number }
  | { readonly kind: "string"; readonly value: string };

export interface ExpectedSeries {
  readonly labels: Labels;
  readonly points: readonly Point[];
}

/** Reads a script. Throws with the line that cannot be read. */
export function parseScript(text: string): readonly Command[] {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .map((line) => (line.startsWith("#") ? "" : line));
  const commands: Command[] = [];
  for (let at = 0; at < lines.length; ) {
    const first = lines[at] ?? "";
    let end = at + 1;
    if (first === "") {
      at = end;
      continue;
    }
    if (!/^clear\b/i.test(first)) while ((lines[end] ?? "") !== "") end++;
    try {
      commands.push(parseCommand(first, lines.slice(at + 1, end), at + 1));
    } catch (error) {
      throw new Error(`Cannot read line ${at + 1}: ${String(error)}`, { cause: error });
    }
    at = end;
  }
  return commands;
}

function parseCommand(first: string, rest: readonly string[], line: number): Command {
  const word = /^\w+/.exec(first)?.[0].toLowerCase() ?? "";
  if (word === "clear") return { kind: "clear" };
  if (word.startsWith("load")) return parseLoad(first, rest);
  if (word.startsWith("eval")) return parseEval(first, rest, line);
  throw new Error(`unknown command ${first}`);
}

function parseLoad(first: string, rest: readonly string[]): Command {
  const [, nhcb, step = ""] = /^load(?:_(with_nhcb))?\s+(.+?)$/.exec(first) ?? [];
  return {
    kind: "load",
    stepMs: parseDuration(step),
    nhcb: nhcb !== undefined,
    series: rest.map(parseSeriesLine),
  };
}

const instantHead = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/;
const rangeHead = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/;

function parseEval(first: string, rest: readonly string[], line: number): EvalCommand {
  const instant = instantHead.exec(first);
  if (instant !== null) {
    const [, mode, at = "", expr = ""] = instant;
    const timeMs = parseDuration(at);
    const grid = { startMs: timeMs, endMs: timeMs, stepMs: 1 };
    return withExpectations({ expr, line, mode, range: false, timeMs, grid }, rest);
  }
  const [, mode, from = "", to = "", step = "", expr] = rangeHead.exec(first) ?? [];
  if (expr === undefined) throw new Error("invalid evaluation command");
  const grid = { startMs: parseDuration(from), endMs: parseDuration(to), stepMs: parseDuration(step) };
  return withExpectations({ expr, line, mode, range: true, timeMs: grid.endMs, grid }, rest);
}

type EvalHead = Pick<EvalCommand, "expr" | "line" | "range" | "timeMs" | "grid"> & {
  readonly mode: string | undefined;
};

function withExpectations(head: EvalHead, rest: readonly string[]): EvalCommand {
  const { mode, ...command } = head;
  let { timeMs, grid } = command;
  let ordered = mode === "ordered";
  let fails = mode === "fail" ? matchOf(undefined, undefined) : undefined;
  let warnings: AnnotationsExpected = mode === "warn" ? [matchOf(undefined, undefined)] : "any";
  let infos: AnnotationsExpected = mode === "info" ? [matchOf(undefined, undefined)] : "any";
  let expected: Expectation | undefined;
  let rangeVector = false;
  const series: ExpectedSeries[] = [];
  for (const line of rest) {
    const span = /^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/.exec(line);
    if (span !== null) {
      const [startMs = 0, endMs = 0, stepMs = 0] = span.slice(1).map(parseDuration);
      grid = { startMs, endMs, stepMs };
      timeMs = endMs;
      rangeVector = true;
    } else if (line.startsWith("expect string ")) {
      expected = { kind: "string", value: unquote(line.slice("expect string ".length)) };
    } else if (line.startsWith("expected_fail_message")) {
      fails = { message: line.slice("expected_fail_message".length).trim(), pattern: undefined };
    } else if (line.startsWith("expected_fail_regexp")) {
      fails = { message: undefined, pattern: new RegExp(line.slice("expected_fail_regexp".length).trim()) };
    } else if (line.split(" ")[0] === "expect") {
      const [, what, how, text] = expectLine.exec(line) ?? [];
      if (what === undefined) throw new Error(`unknown expectation ${line}`);
      if (what === "ordered") ordered = true;
      else if (what === "no_warn") warnings = [];
      else if (what === "no_info") infos = [];
      else {
        const match = matchOf(how, text?.trim());
        if (what === "fail") fails = match;
        else if (what === "warn") warnings = [...(warnings === "any" ? [] : warnings), match];
        else infos = [...(infos === "any" ? [] : infos), match];
      }
    } else {
      const scalar = scalarLine(line);
      if (scalar !== undefined) expected = { kind: "scalar", value: scalar };
      else series.push(parseSeriesLine(line));
    }
  }
  return {
    kind: "eval",
    ...command,
    timeMs,
    grid,
    ordered,
    fails,
    warnings,
    infos,
    expected: expected ?? { kind: "series", series, rangeVector },
  };
}

const expectLine = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/;

function matchOf(how: string | undefined, text: string | undefined): TextMatch {
  if (text === undefined) return { message: undefined, pattern: undefined };
  return how === "regex"
    ? { message: undefined, pattern: new RegExp(text) }
    : { message: text, pattern: undefined };
}

function scalarLine(line: string): number | undefined {
  const sign = line.startsWith("-") ? -1 : 1;
  const value = parseNumber(line.replace(/^[+-]/, ""));
  return typeof value === "number" ? sign * value : undefined;
}
