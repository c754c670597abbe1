import { GatewayError, messageOf } from "../../src/lib/errors.ts";
import { copyHistogram, createHistogram, type Histogram } from "../../src/model/histogram/histogram.ts";
import { compareLabels, formatLabels, type Labels } from "../../src/model/labels.ts";
import type { AnnotationTexts } from "../../src/promql/annotations.ts";
import type { Engine, QueryResult, ResultColumn } from "../../src/promql/engine.ts";
import type { Expr } from "../../src/promql/syntax/ast.ts";
import { allFeatures, parseExpr } from "../../src/promql/syntax/parse.ts";
import { printExpr } from "../../src/promql/syntax/printer.ts";
import type { Selectable } from "../../src/store/samples.ts";
import { createTestContext } from "../support/query-context.ts";
import { almostEqual } from "./almost-equal.ts";
import { annotationProblem, meets } from "./expected-annotations.ts";
import { describeHistogram } from "./histogram-notation.ts";
import { pinSelectors } from "./pin-selectors.ts";
import { sameHistogram } from "./same-histogram.ts";
import type { EvalCommand, ExpectedSeries } from "./script.ts";

/** What became of one evaluation. */
export type Verdict =
  | { readonly kind: "passed" }
  | { readonly kind: "not-yet"; readonly reason: string }
  | { readonly kind: "wrong"; readonly reason: string };

interface Answer {
  readonly type: QueryResult["type"];
  readonly text: string;
  readonly series: readonly AnswerSeries[];
  readonly annotations: AnnotationTexts;
}

interface AnswerSeries {
  readonly labels: Labels;
  readonly points: readonly AnswerPoint[];
}

interface AnswerPoint {
  readonly timeMs: number;
  readonly value: number | Histogram;
}

const minuteMs = 60_000;

/**
 * Runs one evaluation in all the ways upstream's harness does: as written; printed again with every selector pinned to its
 * time, at five other times; and each of these once more as the middle step of a range query.
 */
export async function runEval(engine: Engine, source: Selectable, command: EvalCommand): Promise<Verdict> {
  try {
    const problem = command.range
      ? await runRange(engine, source, command)
      : await runInstants(engine, source, command);
    return problem === undefined ? { kind: "passed" } : { kind: "wrong", reason: problem };
  } catch (error) {
    const reason = messageOf(error);
    if (error instanceof GatewayError && reason.includes("not supported yet"))
      return { kind: "not-yet", reason };
    return { kind: "wrong", reason: error instanceof GatewayError ? reason : String((error as Error).stack) };
  }
}

async function runRange(
  engine: Engine,
  source: Selectable,
  command: EvalCommand,
): Promise<string | undefined> {
  const attempt = await orError(command, () => rangeAnswer(engine, source, command.expr, command.grid));
  if ("failed" in attempt) return attempt.failed;
  return annotationProblem(attempt.answer.annotations, command) ?? compareMatrix(attempt.answer, command);
}

async function runInstants(
  engine: Engine,
  source: Selectable,
  command: EvalCommand,
): Promise<string | undefined> {
  const { expr, timeMs } = command;
  const ways = [{ expr, timeMs }, ...pinned(command)];
  for (const way of ways) {
    const problem = await runInstant(engine, source, { command, ...way });
    if (problem !== undefined) return `${problem} (${way.expr} at ${way.timeMs} ms)`;
  }
  return undefined;
}

function pinned({
  expr,
  timeMs,
}: EvalCommand): readonly { readonly expr: string; readonly timeMs: number }[] {
  let parsed: Expr;
  try {
    parsed = parseExpr(expr, allFeatures);
  } catch {
    return []; // The first run shows the error.
  }
  const pinnedExpr = pinSelectors(parsed, timeMs);
  if (pinnedExpr === undefined) return [];
  const text = printExpr(pinnedExpr);
  const times =
    timeMs === 0 ? [-1000, 0, 1000] : [-10 * timeMs, 0, Math.trunc(timeMs / 5), timeMs, 10 * timeMs];
  return times.map((time) => ({ expr: text, timeMs: time }));
}

async function runInstant(
  engine: Engine,
  source: Selectable,
  way: { readonly command: EvalCommand; readonly expr: string; readonly timeMs: number },
): Promise<string | undefined> {
  const { command, expr, timeMs } = way;
  const attempt = await orError(command, async () =>
    collect(engine.prepare(expr).instant(createTestContext(), source, { timeMs })),
  );
  if ("failed" in attempt) return attempt.failed;
  const { answer } = attempt;
  const problem = annotationProblem(answer.annotations, command) ?? compareInstant(answer, command);
  if (problem !== undefined) return problem;
  const { expected } = command;
  if (expected.kind === "string" || (expected.kind === "series" && expected.rangeVector)) return undefined;
  if (/(start|end|range|step)\(\)/.test(expr)) return undefined;
  const grid = { startMs: timeMs - minuteMs, endMs: timeMs + minuteMs, stepMs: minuteMs };
  const range = await rangeAnswer(engine, source, expr, grid);
  if (command.ordered) return undefined;
  const middle = range.series.flatMap(({ labels, points }) => {
    const point = points.find((one) => one.timeMs === timeMs);
    return point === undefined ? [] : [{ labels, points: [point] }];
  });
  const found = compareInstant({ ...answer, series: middle }, command);
  return found === undefined ? undefined : `as the middle of a range: ${found}`;
}

type Attempt = { readonly answer: Answer } | { readonly failed: string | undefined };

/** The answer; or, where an error came or should have come, what is wrong about it. */
async function orError(command: EvalCommand, run: () => Promise<Answer>): Promise<Attempt> {
  const { fails } = command;
  let answer: Answer;
  try {
    answer = await run();
  } catch (error) {
    const text = messageOf(error);
    if (fails === undefined || !(error instanceof GatewayError) || text.includes("not supported yet"))
      throw error;
    if (meets(text, fails)) return { failed: undefined };
    return { failed: `wants the error ${fails.message ?? fails.pattern}, got ${text}` };
  }
  return fails === undefined ? { answer } : { failed: `wants an error, got ${describe(answer.series)}` };
}

async function rangeAnswer(
  engine: Engine,
  source: Selectable,
  expr: string,
  grid: EvalCommand["grid"],
): Promise<Answer> {
  const answer = await collect(engine.prepare(expr).range(createTestContext(), source, grid));
  answer.series.forEach(({ labels }, i) => {
    const before = answer.series[i - 1];
    if (before !== undefined && compareLabels(before.labels, labels) > 0)
      throw new Error("a matrix is out of order");
  });
  return answer;
}

/** Pulls a whole answer; matrices that come in another order are sorted, as an answer's writer does. */
async function collect(result: QueryResult): Promise<Answer> {
  const series: AnswerSeries[] = [];
  try {
    for (let column = await result.next(); column !== undefined; column = await result.next()) {
      series.push({ labels: column.labels.all(), points: pointsOf(column, result.grid) });
    }
  } finally {
    await result.close();
  }
  if (result.type === "matrix" && !result.ordered) series.sort((a, b) => compareLabels(a.labels, b.labels));
  return { type: result.type, text: result.text ?? "", series, annotations: result.annotations() };
}

function pointsOf(column: ResultColumn, grid: QueryResult["grid"]): readonly AnswerPoint[] {
  const points: AnswerPoint[] = [];
  for (let i = 0; i < column.length; i++) {
    if (column.present !== undefined && column.present[i] !== 1) continue;
    const timeMs = column.timesMs?.[i] ?? grid.startMs + i * grid.stepMs;
    points.push({ timeMs, value: valueAt(column, i) });
  }
  return points;
}

function valueAt({ histograms, values }: ResultColumn, at: number): number | Histogram {
  if (histograms === undefined || !histograms.has(at)) return values[at] ?? Number.NaN;
  const kept = createHistogram();
  copyHistogram(histograms.lend(at, createHistogram()), kept);
  return kept;
}

function compareInstant(answer: Answer, command: EvalCommand): string | undefined {
  const { expected } = command;
  switch (answer.type) {
    case "matrix":
      return compareMatrix(answer, command);
    case "string":
      if (expected.kind === "string" && expected.value === answer.text) return undefined;
      return `got the string ${answer.text}`;
    case "scalar": {
      const value = answer.series[0]?.points[0]?.value ?? Number.NaN;
      if (expected.kind === "scalar" && typeof value === "number" && almostEqual(expected.value, value))
        return undefined;
      return `got the scalar ${value}`;
    }
    case "vector":
      return compareVector(answer, command);
  }
}

function compareVector({ series }: Answer, { expected, ordered }: EvalCommand): string | undefined {
  if (expected.kind !== "series") return `got a vector ${describe(series)}`;
  const problem = compareSets(series, expected.series, ({ labels, points }, { points: [wanted] }) => {
    const [point] = points;
    if (points.length === 1 && point !== undefined && samePoint(wanted, point)) return undefined;
    return `wants ${showPoint(wanted)} for ${formatLabels(labels)}, got ${points.map(showAnswer).join(" ")}`;
  });
  if (problem !== undefined || !ordered) return problem;
  const inOrder = series.every(
    ({ labels }, i) => compareLabels(labels, expected.series[i]?.labels ?? []) === 0,
  );
  return inOrder ? undefined : `wants another order than ${describe(series)}`;
}

function compareMatrix({ series }: Answer, { expected, grid }: EvalCommand): string | undefined {
  if (expected.kind !== "series") return `got a matrix ${describe(series)}`;
  return compareSets(series, expected.series, ({ labels, points }, wanted) => {
    const want = wanted.points.flatMap((point, i) =>
      point === "gap" ? [] : [{ timeMs: grid.startMs + i * grid.stepMs, point }],
    );
    const equal =
      want.length === points.length &&
      points.every((got, i) => got.timeMs === want[i]?.timeMs && samePoint(want[i]?.point, got));
    if (equal) return undefined;
    const shown = wanted.points.map(showPoint).join(" ");
    const got = points.map((point) => `${showAnswer(point)}@${point.timeMs}`).join(" ");
    return `wants ${shown} for ${formatLabels(labels)}, got ${got}`;
  });
}

function samePoint(wanted: ExpectedSeries["points"][number] | undefined, { value }: AnswerPoint): boolean {
  if (typeof wanted === "number") return typeof value === "number" && almostEqual(wanted, value);
  return typeof wanted === "object" && typeof value === "object" && sameHistogram(wanted, value);
}

/** Every series of the answer must be expected and every expected one there, once. */
function compareSets(
  got: readonly AnswerSeries[],
  wanted: readonly ExpectedSeries[],
  compare: (got: AnswerSeries, wanted: ExpectedSeries) => string | undefined,
): string | undefined {
  const missing = new Map(wanted.map((series) => [JSON.stringify(series.labels), series]));
  const seen = new Set<string>();
  for (const series of got) {
    const key = JSON.stringify(series.labels);
    const match = missing.get(key);
    if (match === undefined || seen.has(key)) return `does not want ${describe([series])}`;
    seen.add(key);
    const problem = compare(series, match);
    if (problem !== undefined) return problem;
  }
  for (const [key, series] of missing) {
    if (!seen.has(key))
      return `misses ${formatLabels(series.labels)} ${series.points.map(showPoint).join(" ")}`;
  }
  return undefined;
}

function showPoint(point: ExpectedSeries["points"][number] | undefined): string {
  return typeof point === "object" ? point.text : String(point);
}

function showAnswer({ value }: AnswerPoint): string {
  return typeof value === "number" ? String(value) : describeHistogram(value);
}

function describe(series: readonly AnswerSeries[]): string {
  if (series.length === 0) return "nothing";
  return series
    .slice(0, 5)
    .map(({ labels, points }) => `${formatLabels(labels)} ${points.map(showAnswer).join(" ")}`)
    .join("; ");
}
