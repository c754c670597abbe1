import type { QueryForm } from "./ask-api.ts";

/** A difference that is no fault of ours. */
export interface KnownDifference {
  readonly name: string;
  readonly reason: string;
  /** Only a server before 3.0 shows it. */
  readonly oldOnly: boolean;
  readonly explains: (difference: Difference) => boolean;
}

export interface Difference {
  readonly query: string;
  readonly form: QueryForm;
  /** What differs, in words. */
  readonly text: string;
}

/*
 * What Prometheus 2.42 does otherwise and no data or grammar of these tests shows:
 *
 *   windows, subqueries and lookback closed on the left     no sample on an edge, times and subquery grids apart
 *   rates extrapolated below zero, or too near to it        rates of counters alone, which start high, fall to a high base
 *                                                           and are scraped on time
 *   `atan2` of vectors keeps the metric's name              between numbers only
 *   the deviation of one infinite value or NaN is 0         deviations of metrics with finite values
 *   which of equal values topk keeps                        topk of metrics whose values differ
 *   sums that overflow are +Inf - Inf = NaN                 values of about 1e308 are not loaded
 *   durations as numbers, first_over_time, ...              not known yet
 */

/** All of them. */
export const knownDifferences: readonly KnownDifference[] = [
  {
    name: "dead branches",
    reason:
      "What cannot add to an answer is left out of the plan and not read: its errors and annotations do not show.",
    oldOnly: false,
    explains: ({ query, text }) =>
      (/^HTTP status is 200, wants 422/.test(text) || tellsLess(text)) &&
      (/\b(top|bottom|limit)k\b[^0-9]*\(\s*(0|-|1e-3|.*Inf)/.test(query) || /\bvector\(/.test(query)),
  },
  {
    name: "annotations of what matchers leave out",
    reason:
      "Matchers of one side of an operator are those of the other: series that find no partner are not read.",
    oldOnly: false,
    explains: ({ query, text }) =>
      tellsLess(text) && query.includes("{") && /[-+*/%^<>=] | (and|unless|atan2) /.test(query),
  },
  {
    name: "which duplicates an error names",
    reason:
      "The first two of a match group, which come in the order of a heap or a map of upstream's where nothing sorts them.",
    oldOnly: false,
    explains: ({ query, text }) =>
      /^error is found duplicate series for .*, wants found duplicate series for /.test(text) &&
      /limitk|limit_ratio|topk|bottomk|sort|histogram_quantile|count_values/.test(query),
  },
  {
    name: "order of intermediate results",
    reason:
      "None is promised. Upstream gives all series for each of several quantiles, we all quantiles of each series; what " +
      "topk and limitk leave comes in the order of a heap there. It tells which of equal ones, or of any, are kept next.",
    oldOnly: false,
    explains: ({ query }) =>
      /(topk|bottomk|limitk).*histogram_quantiles/.test(query) ||
      /limitk.*(topk|bottomk|limitk|limit_ratio)/.test(query),
  },
  {
    name: "timestamp of a selector with @ and offset",
    reason:
      "Upstream forgets the offset, and looks at the time of @ among the samples that it has loaded for another one.",
    oldOnly: false,
    explains: ({ query }) => /timestamp\(\(*[^()]*( offset [^()]*@| @ [^()]*(\(\))? offset)/.test(query),
  },
  {
    name: "last digits that grow",
    reason:
      "Powers and means differ in their last digits between libraries and versions; remainders and rounding tell.",
    oldOnly: false,
    explains: ({ query, text }) => {
      const [, got, want] = / at [0-9.]+: ([-0-9.e]+), wants ([-0-9.e]+)$/.exec(text) ?? [];
      if (got === undefined) return false;
      if (/\^.*%|%.*\^/.test(query) || /\b(sin|cos|tan)\(.*(\^|exp|h\()/.test(query)) return true;
      if (/\b(floor|ceil|round)\(/.test(query) && /\bavg/.test(query)) return true;
      const isNear = Math.abs(Number(got) - Number(want)) <= 1e-6 * Math.abs(Number(want));
      return isNear && /\^|\b(ln|log2|log10|exp|sqrt|a?(sin|cos|tan)h?|atan2)\b/.test(query);
    },
  },
  {
    name: "logarithm of a number below 2.3e-308",
    reason: "Go's logarithm on amd64 takes it for 2⁻¹⁰²³.",
    oldOnly: false,
    explains: ({ text }) => /: (-74\d|-323)\.\d+, wants (-709|-307)\.\d+$/.test(text),
  },
  {
    name: "text of a histogram with custom buckets times NaN",
    reason:
      "Upstream fails over a zero bucket that such histograms do not have, and that is NaN times 0 after this.",
    oldOnly: false,
    explains: ({ query, text }) =>
      text === "HTTP status is 200, wants 422" && /count_values.*sizes/.test(query),
  },
  {
    name: "which of several errors",
    reason: "Upstream reads the left side whole before the right one, we read first the side that is held.",
    oldOnly: false,
    explains: ({ text }) => /^error is .*, wants /s.test(text) && errorKinds(text).size === 2,
  },
  {
    name: "last digits in a label",
    reason: "Before 3.0 means were added up otherwise: count_values writes all digits of them.",
    oldOnly: true,
    explains: ({ query, text }) => /^(has|misses) /.test(text) && /count_values.*\bavg/.test(query),
  },
  {
    name: "labels of absent with several matchers",
    reason: "The storage of 3.x sorts matchers in place before absent reads them, others than that of 2.42.",
    oldOnly: true,
    explains: ({ query }) => /absent(_over_time)?\(\w*\{(.*\b(\w+)[=!]).*\b\3[=!]/.test(query),
  },
  {
    name: "a float and a histogram of one label set",
    reason:
      "Where series become one, upstream answers with both at the same time, or with one of them; that is an error here.",
    oldOnly: false,
    explains: ({ query, text }) =>
      text.endsWith("(vector cannot contain metrics with the same labelset), wants 200") &&
      /mixed|__name__/.test(query),
  },
  {
    name: "k that is no integer",
    reason: "Before 3.0 every k had to be one, also where none is asked for, as -Inf.",
    oldOnly: true,
    explains: ({ query, text }) => /^HTTP status is 200, wants 422/.test(text) && /k.*Inf|k.*NaN/.test(query),
  },
  {
    name: "duplicates that a comparison filters out",
    reason: "Before 3.0 a comparison looked for many matches only among the samples that it kept.",
    oldOnly: true,
    explains: ({ query, text }) =>
      /\(multiple matches for labels: .*\), wants 200$/.test(text) && /[=!<>]=?/.test(query),
  },
  {
    name: "order of a range vector",
    reason: "Before 3.0 the series of an instant query for a range vector were not sorted by their labels.",
    oldOnly: true,
    explains: ({ form, text }) => form === "instant" && text.endsWith("stands at another place"),
  },
  {
    name: "count_values by three labels or more at several steps",
    reason:
      "2.42 sorts the labels of the clause and the new one in place, and lacks one of them from the second step on.",
    oldOnly: true,
    explains: ({ form, query }) =>
      (form === "range" || /\[\w+:/.test(query)) &&
      /count_values/.test(query) &&
      /\b(by|without) ?\([^)]*,[^)]*,/.test(query),
  },
  {
    name: "predict_linear with @ at several steps",
    reason: "Before 3.0 a pinned range was evaluated anew for each step, and samples fell out of its buffer.",
    oldOnly: true,
    explains: ({ query }) => /predict_linear\(.*@/.test(query),
  },
];

/** Whether annotations are missing, and none is there that should not be. */
function tellsLess(text: string): boolean {
  const [, got, want] = /^(?:warnings|infos) are (\[.*\]), wants (\[.*\])$/.exec(text) ?? [];
  if (got === undefined || want === undefined) return false;
  const wanted: readonly string[] = JSON.parse(want);
  return JSON.parse(got).every((note: string) => wanted.includes(note));
}

function errorKinds(text: string): ReadonlySet<string> {
  return new Set(
    text.match(
      /found duplicate series|multiple matches|vector cannot contain|(Parameter|Ratio) value is NaN/g,
    ),
  );
}

/** The known difference that this one is, if any. */
export function explain(difference: Difference, modern: boolean): KnownDifference | undefined {
  return knownDifferences.find(({ oldOnly, explains }) => !(oldOnly && modern) && explains(difference));
}
