import { createSeededRandom } from "../support/seeded-random.ts";
import type { ApiAnswer, ApiClient, QueryForm } from "./ask-api.ts";
import { compareAnswers } from "./compare-answers.ts";
import { explain, type KnownDifference } from "./known-differences.ts";
import { type FuzzQuery, type GrammarOptions, nextQuery } from "./query-grammar.ts";
import { type QueryNode, textOf } from "./query-node.ts";
import { shrink } from "./shrink.ts";

export interface FuzzOptions extends GrammarOptions {
  readonly seed: number;
  /** Number of the first query. */
  readonly from: number;
  readonly queries: number;
  readonly budgetMs: number;
  readonly shrink: boolean;
  /** Whether warnings and infos count. */
  readonly annotations: boolean;
  /** Ours and the real one. */
  readonly gateway: ApiClient;
  readonly prometheus: ApiClient;
  /** Hears of every difference that nothing explains. */
  readonly onDifference: (found: FoundDifference) => void;
}

export interface FoundDifference extends FuzzQuery {
  readonly number: number;
  readonly form: QueryForm;
  readonly text: string;
  /** The smallest query that still differs, and how. */
  readonly shrunk: { readonly query: string; readonly text: string } | undefined;
}

export interface FuzzTally {
  readonly queries: number;
  readonly differences: number;
  /** Differences where Prometheus does not answer the same to the same question. */
  readonly unstable: number;
  /** Queries that both refuse, and those that both answer with nothing. */
  readonly errors: number;
  readonly empty: number;
  readonly explained: ReadonlyMap<KnownDifference, number>;
}

/** Asks both servers query after query, until there were enough, or the time is over. */
export async function fuzz(options: FuzzOptions): Promise<FuzzTally> {
  const explained = new Map<KnownDifference, number>();
  const tally = { queries: 0, differences: 0, unstable: 0, errors: 0, empty: 0, explained };
  const endMs = performance.now() + options.budgetMs;
  for (let number = options.from; number < options.from + options.queries; number++) {
    if (performance.now() > endMs) break;
    const fuzzed = nextQuery(createSeededRandom(Math.imul(options.seed, 1_000_003) + number), options);
    tally.queries++;
    for (const form of ["instant", "range"] as const) {
      const outcome = await compareOn(options, fuzzed, form);
      if (outcome.kind === "same") {
        if (outcome.answer.status === "error") tally.errors++;
        else if (isEmpty(outcome.answer)) tally.empty++;
        continue;
      }
      const known = explain({ query: textOf(fuzzed.query), form, text: outcome.text }, options.modern);
      if (outcome.kind === "unstable") tally.unstable++;
      else if (known !== undefined) explained.set(known, (explained.get(known) ?? 0) + 1);
      else {
        tally.differences++;
        const shrunk = options.shrink ? await smallest(options, fuzzed, form) : undefined;
        options.onDifference({ ...fuzzed, number, form, text: outcome.text, shrunk });
      }
    }
  }
  return tally;
}

function isEmpty({ data }: ApiAnswer): boolean {
  return Array.isArray(data?.result) && data.result.length === 0;
}

type Outcome =
  | { readonly kind: "same"; readonly answer: ApiAnswer }
  | { readonly kind: "unstable"; readonly text: string }
  | { readonly kind: "different"; readonly text: string };

async function compareOn(options: FuzzOptions, fuzzed: FuzzQuery, form: QueryForm): Promise<Outcome> {
  const query = textOf(fuzzed.query);
  const { gateway, prometheus } = options;
  const compareOptions = {
    errorTexts: options.modern,
    annotations: options.annotations,
    ordered:
      form === "instant" && /^(sort|sort_desc|topk|bottomk)\(/.test(query) && !/\b(by|without)\b/.test(query),
  };
  const [got, want] = await Promise.all([
    gateway.ask(query, form, fuzzed.times),
    prometheus.ask(query, form, fuzzed.times),
  ]);
  const text = compareAnswers(got, want, compareOptions);
  if (text === undefined) return { kind: "same", answer: want };
  // Prometheus keeps series of some intermediate results in Go's map order: ties of topk and error texts change with it.
  for (let again = 0; again < 12; again++) {
    const other = await prometheus.ask(query, form, fuzzed.times);
    if (compareAnswers(other, want, compareOptions) !== undefined) return { kind: "unstable", text };
  }
  return { kind: "different", text };
}

async function smallest(
  options: FuzzOptions,
  fuzzed: FuzzQuery,
  form: QueryForm,
): Promise<FoundDifference["shrunk"]> {
  const differs = async (query: QueryNode) => {
    const outcome = await compareOn(options, { ...fuzzed, query }, form);
    if (outcome.kind !== "different") return undefined;
    return explain({ query: textOf(query), form, text: outcome.text }, options.modern) === undefined
      ? outcome.text
      : undefined;
  };
  const query = await shrink(fuzzed.query, async (candidate) => (await differs(candidate)) !== undefined);
  return { query: textOf(query), text: (await differs(query)) ?? "it differs no more" };
}
