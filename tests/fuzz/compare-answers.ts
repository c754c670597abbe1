import type { ApiAnswer, ApiSeries } from "./ask-api.ts";

export interface CompareOptions {
  /** Whether error texts count, besides their types. */
  readonly errorTexts: boolean;
  /** Whether warnings and infos count. */
  readonly annotations: boolean;
  /** The language defines the order of an instant vector. */
  readonly ordered: boolean;
}

/** The first difference between two answers, `undefined` where they are the same. */
export function compareAnswers(got: ApiAnswer, want: ApiAnswer, options: CompareOptions): string | undefined {
  return (
    different("HTTP status", got.httpStatus, want.httpStatus, got) ??
    different("errorType", got.errorType, want.errorType, got) ??
    (options.errorTexts ? different("error", errorText(got), errorText(want)) : undefined) ??
    compareData(got.data, want.data, options) ??
    (options.annotations ? compareAnnotations(got, want) : undefined)
  );
}

function different(what: string, got: unknown, want: unknown, answer?: ApiAnswer): string | undefined {
  if (got === want) return undefined;
  const more = answer?.error === undefined ? "" : ` (${answer.error})`;
  return `${what} is ${String(got)}${more}, wants ${String(want)}`;
}

/** Prometheus names the parameter, Thanos and we do not. */
function errorText(answer: ApiAnswer): string | undefined {
  return answer.error?.replace(/^invalid parameter "query": /, "");
}

function compareAnnotations(got: ApiAnswer, want: ApiAnswer): string | undefined {
  for (const kind of ["warnings", "infos"] as const) {
    const [a, b] = [got[kind] ?? [], want[kind] ?? []].map((texts) =>
      JSON.stringify(texts.map(withoutSampleCount).sort()),
    );
    if (a !== b) return `${kind} are ${a}, wants ${b}`;
  }
  return undefined;
}

/** Upstream merges what it counted with itself at each step, so that its count of n steps is 3·2ⁿ⁻¹ - 2. */
function withoutSampleCount(text: string): string {
  return text.replace(/over -?\d+ samples/, "over some samples");
}

type Data = ApiAnswer["data"];

function compareData(got: Data, want: Data, options: CompareOptions): string | undefined {
  const type = different("resultType", got?.resultType, want?.resultType);
  if (type !== undefined || want === undefined) return type;
  switch (want.resultType) {
    case "string":
      return different("string", JSON.stringify(got?.result), JSON.stringify(want.result));
    case "scalar":
      return comparePoints([got?.result as Point], [want.result as Point], "the scalar");
    default:
      return compareSeries(got?.result as readonly ApiSeries[], want.result as readonly ApiSeries[], {
        // Matrices are sorted by labels; in vectors only values tell the order, since ties may come in any.
        sameOrder: want.resultType === "matrix",
        sameValueOrder: options.ordered,
      });
  }
}

interface Order {
  readonly sameOrder: boolean;
  readonly sameValueOrder: boolean;
}

function compareSeries(
  got: readonly ApiSeries[],
  want: readonly ApiSeries[],
  order: Order,
): string | undefined {
  const found = new Map(got.map((series) => [keyOf(series), series]));
  if (found.size !== got.length) return `a series comes twice in ${got.map(keyOf).join(" ")}`;
  const wanted = new Set(want.map(keyOf));
  const extra = got.find((series) => !wanted.has(keyOf(series)));
  if (extra !== undefined) return `has ${keyOf(extra)} ${JSON.stringify(pointsOf(extra)).slice(0, 120)}`;
  for (const [at, series] of want.entries()) {
    const key = keyOf(series);
    const other = found.get(key);
    if (other === undefined) return `misses ${key} ${JSON.stringify(pointsOf(series)).slice(0, 120)}`;
    const problem =
      comparePoints(pointsOf(other), pointsOf(series), key) ??
      compareHistograms(histogramsOf(other), histogramsOf(series), key);
    if (problem !== undefined) return problem;
    if (order.sameOrder && keyOf(got[at] as ApiSeries) !== key) return `${key} stands at another place`;
  }
  if (!order.sameValueOrder) return undefined;
  return comparePoints(got.flatMap(pointsOf), want.flatMap(pointsOf), "in order");
}

function keyOf({ metric }: ApiSeries): string {
  const pairs = Object.entries(metric).map(([name, value]) => [name, withoutLastDigits(value)] as const);
  return JSON.stringify(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Numbers that count_values made labels of are as close as others need to be. */
function withoutLastDigits(value: string): string {
  return /^-?\d+(\.\d+)?$/.test(value) ? Number(value).toPrecision(9) : value;
}

type Point = readonly [number, string];

function pointsOf(series: ApiSeries): readonly Point[] {
  return series.values ?? (series.value === undefined ? [] : [series.value]);
}

function comparePoints(got: readonly Point[], want: readonly Point[], what: string): string | undefined {
  const length = Math.max(got.length, want.length);
  for (let i = 0; i < length; i++) {
    const [a, b] = [got[i], want[i]];
    if (a === undefined || b === undefined || a[0] !== b[0])
      return `${what}: ${a ?? "no point"}, wants ${b ?? "none"}`;
    if (!isClose(a[1], b[1])) return `${what} at ${b[0]}: ${a[1]}, wants ${b[1]}`;
  }
  return undefined;
}

/** Texts of numbers that are the same but for a part in 10⁹. */
export function isClose(a: string, b: string): boolean {
  if (a === b) return true;
  const [x, y] = [toNumber(a), toNumber(b)];
  // One number has one text; only zero has two, and which of them comes of sums is the order's.
  if (x === y && x !== 0) return false;
  return Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y));
}

function toNumber(text: string): number {
  return text === "+Inf"
    ? Number.POSITIVE_INFINITY
    : text === "-Inf"
      ? Number.NEGATIVE_INFINITY
      : Number(text);
}

type HistogramPoint = readonly [number, unknown];

function histogramsOf(series: ApiSeries): readonly HistogramPoint[] {
  return series.histograms ?? (series.histogram === undefined ? [] : [series.histogram]);
}

function compareHistograms(
  got: readonly HistogramPoint[],
  want: readonly HistogramPoint[],
  what: string,
): string | undefined {
  const length = Math.max(got.length, want.length);
  for (let i = 0; i < length; i++) {
    if (!sameTree(got[i], want[i])) {
      return `${what}: histogram ${JSON.stringify(got[i] ?? null)}, wants ${JSON.stringify(want[i] ?? null)}`;
    }
  }
  return undefined;
}

/** The same shape, texts of numbers close. */
function sameTree(a: unknown, b: unknown): boolean {
  if (typeof a === "string" && typeof b === "string") return isClose(a, b);
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  if (left.length !== right.length) return false;
  const values = new Map<string, unknown>(right);
  return left.every(([key, value]) => values.has(key) && sameTree(value, values.get(key)));
}
