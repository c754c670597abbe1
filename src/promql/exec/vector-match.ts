import { GatewayError } from "../../lib/errors.ts";
import { arithmeticKernel, comparisonKernel, isArithmetic, isComparison } from "../functions/arithmetic.ts";
import { isTrim, operationAnnotation } from "../functions/histogram-arithmetic.ts";
import type { BinaryOp, Span, VectorMatching } from "../syntax/ast.ts";
import { filledMany, filledOne, type ManySeries, markMet, type Pair } from "./fill.ts";
import { createHistogramPairing } from "./histogram-pairing.ts";
import { filterColumn } from "./instant-call.ts";
import { createSignature, type Signature } from "./matching.ts";
import { createOneSide, type MatchGroup, type Member, type OneSide } from "./one-side.ts";
import { type Column, createColumn, type Operator } from "./operator.ts";
import { afterPreparing, drain, pullMapped, whenReady } from "./pull.ts";
import { createRepeatGuard } from "./repeats.ts";
import { createResultLabels } from "./result-labels.ts";
import type { Run } from "./run.ts";
import { noLabels } from "./series-labels.ts";
import { createStepNotes } from "./step-notes.ts";

export interface VectorMatch {
  readonly op: BinaryOp;
  readonly bool: boolean;
  readonly lhs: Operator;
  readonly rhs: Operator;
  readonly matching: VectorMatching;
  readonly steps: number;
  /** The operation in the text. */
  readonly span: Span;
}

/**
 * Arithmetic and comparison between two vectors. The "one" side (the right one of one-to-one) is held, the other flows
 * through. Upstream's errors for ambiguous matches, which count even where a comparison filters the sample out.
 */
export function createVectorMatch(run: Run, match: VectorMatch): Operator {
  const { matching, steps } = match;
  const swapped = matching.card === "one-to-many";
  const [many, one] = swapped ? [match.rhs, match.lhs] : [match.lhs, match.rhs];
  // As upstream has it, fill_left stands in for the many side even where that is the right one.
  const { fillLeft: fillMany, fillRight: fillOne } = matching;
  const fills = fillMany !== undefined || fillOne !== undefined;
  const signature = createSignature(matching);
  const side = createOneSide(run, {
    signature,
    side: swapped ? "left" : "right",
    joins: matching.include.length === 0,
  });
  const labels = createResultLabels(match, many.names, run.options.delayedNameRemoval);
  const distinct = labels.distinct && !fills;
  const out = createColumn(steps, noLabels);
  const notes = createStepNotes(run, steps, (note) => operationAnnotation(match.op, match.span, note));
  const evaluate = createPairing(match, { swapped, out, note: notes.add });
  const claim = matching.card === "one-to-one" ? claimOnce(distinct) : claimLabels(run, distinct);
  const waiting: Pair[] = [];

  const answer = ({ many, group, one }: Pair): Column | undefined => {
    if (evaluate.meet(many, one) === 0) return undefined;
    if (fillMany !== undefined) markMet(group, out.present);
    out.labels = labels.of(many.labels, one.labels);
    claim(group, out);
    if (evaluate.finish(many, one) === 0) return undefined;
    out.dropName = run.options.delayedNameRemoval && match.bool;
    return out;
  };
  const answerWaiting = (): Column | undefined => {
    for (let pair = waiting.shift(); pair !== undefined; pair = waiting.shift()) {
      const made = answer(pair);
      if (made !== undefined) return made;
    }
    return undefined;
  };
  const meet = (column: Column): Column | undefined => {
    side.check(column.present);
    const group = side.find(signature.keyOf(column.labels));
    for (const member of group.members) waiting.push({ many: column, group, one: member });
    if (fillOne !== undefined) {
      waiting.push({ many: column, group, one: filledOne(column, group, { value: fillOne, signature }) });
    }
    return answerWaiting();
  };
  const ended = (met: Column | undefined): Column | undefined | Promise<Column | undefined> => {
    const last = met ?? (fillMany === undefined ? undefined : pullMapped(leftovers, answer));
    if (last === undefined) notes.tell();
    return last;
  };
  const leftovers = { next: createLeftovers(side, signature, fillMany) };
  return {
    names: fills ? "many" : labels.names,
    ordered: many.ordered && labels.keepsOrder && !fills,
    repeats: many.repeats || !distinct,
    next: afterPreparing(
      () => {
        const done = drain(one, (column: Column) => side.add(column));
        if (!fills) return done;
        if (done !== undefined) return done.then(() => side.check(undefined));
        side.check(undefined);
        return undefined;
      },
      () => {
        const made = answerWaiting();
        if (made !== undefined) return made;
        return whenReady(pullMapped(many, meet), ended);
      },
    ),
  };
}

function createLeftovers(side: OneSide, signature: Signature, fill: number | undefined) {
  let pairs: Iterator<Pair, undefined> | undefined;
  return (): Pair | undefined => {
    if (fill === undefined) return undefined;
    pairs ??= filledMany(side, { value: fill, signature });
    return pairs.next().value;
  };
}

interface PairingOptions {
  readonly swapped: boolean;
  readonly out: Column;
  readonly note: (step: number, note: number) => void;
}

/**
 * Works out one pair of series into `out`: first where there is an answer, or a comparison that may not hold; then the
 * values there.
 */
function createPairing(match: VectorMatch, { swapped, out, note }: PairingOptions) {
  const { op, bool, steps } = match;
  if (!isArithmetic(op) && !isComparison(op) && !isTrim(op)) {
    throw new Error(`assertion failed: operator ${op} between vectors`);
  }
  const holds = new Uint8Array(steps);
  const histograms = createHistogramPairing(op, { out, note });
  /** Whether the entries are more than floats. */
  let mixed = false;
  const meet = (many: ManySeries, one: Member): number => {
    let count = 0;
    for (let k = 0; k < steps; k++) {
      const there = (many.present[k] as number) & (one.present[k] as number);
      out.present[k] = there;
      count += there;
    }
    out.count = count;
    out.histograms = undefined;
    mixed = isTrim(op) || many.histograms !== undefined || one.histograms !== undefined;
    if (mixed && count > 0) histograms.work(swapped ? one : many, swapped ? many : one);
    return out.count;
  };
  const finish = (many: ManySeries, one: Member): number => {
    const [a, b] = swapped ? [one.values, many.values] : [many.values, one.values];
    if (isArithmetic(op)) {
      arithmeticKernel(op)(a, b, out.values);
    } else if (isComparison(op)) {
      comparisonKernel(op)(a, b, holds);
      if (mixed) histograms.tellHolds(holds);
      if (bool) {
        out.values.set(holds);
        out.histograms = undefined;
      } else {
        out.values.set(a);
        filterColumn(out, holds);
      }
    }
    return out.count;
  };
  return { meet, finish };
}

/** Claims the steps of an outcome before it is given out; throws where another series had them. */
type Claim = (group: MatchGroup, out: Column) => void;

function claimOnce(distinct: boolean): Claim {
  if (distinct) return () => undefined;
  return (group, { present }) => {
    group.taken ??= new Uint8Array(present.length);
    for (let k = 0; k < present.length; k++) {
      if (present[k] === 0) continue;
      if (group.taken[k] === 1) {
        throw new GatewayError(
          "execution",
          "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
        );
      }
      group.taken[k] = 1;
    }
  };
}

function claimLabels(run: Run, distinct: boolean): Claim {
  if (distinct) return () => undefined;
  const guard = createRepeatGuard(run);
  return (_group, { labels, present }) =>
    guard.add(
      labels.all(),
      present,
      () =>
        new GatewayError(
          "execution",
          "multiple matches for labels: grouping labels must ensure unique matches",
        ),
    );
}
