/** One recorded exchange of a `.jsonl` file. */
export interface RecordedLine {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly params: readonly (readonly [string, string])[];
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the server under test said. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface CompareOptions {
  /** Headers that must be equal. */
  readonly headers: readonly string[];
  /** PromQL annotations count; else they are left out on both sides. */
  readonly annotations: boolean;
}

/** The part of an id before the dash: what kind of request it is. */
export function kindOf(line: RecordedLine): string {
  return line.id.split("-")[0] ?? "";
}

/** The first difference by the rules of the recordings' README, `undefined` where the answers are equal. */
export function compareAnswer(
  line: RecordedLine,
  answer: Answer,
  options: CompareOptions,
): string | undefined {
  if (line.status !== answer.status) {
    return `status ${answer.status}, wants ${line.status}: ${short(answer.body)}`;
  }
  const header = compareHeaders(line, answer, options.headers);
  if (header !== undefined) return header;
  let got: unknown;
  try {
    got = JSON.parse(answer.body);
  } catch {
    return `body is no JSON: ${short(answer.body)}`;
  }
  const exact = kindOf(line) === "raw";
  const sorted = isSorted(line);
  return compareValue(
    normalise(JSON.parse(line.body), { ...options, sorted, keepAnalysis: true }),
    normalise(got, { ...options, sorted, keepAnalysis: hasAnalysis(JSON.parse(line.body)) }),
    exact,
    "",
  );
}

function compareHeaders(line: RecordedLine, answer: Answer, names: readonly string[]): string | undefined {
  for (const name of names) {
    const want = line.headers[name];
    const got = answer.headers[name];
    if (want !== got) return `header ${name}: ${got}, wants ${want}`;
  }
  if (!names.includes("cache-control")) return undefined;
  const words = (text: string | undefined) => (text ?? "").split(/,\s*/).filter((word) => word !== "");
  const missing = words(line.headers.vary).find((word) => !words(answer.headers.vary).includes(word));
  return missing === undefined ? undefined : `header vary: ${answer.headers.vary}, lacks ${missing}`;
}

/** Whether the order of an instant vector is part of the answer. */
function isSorted(line: RecordedLine): boolean {
  const query = line.params.find(([name]) => name === "query")?.[1] ?? "";
  return /^\s*sort(_desc|_by_label|_by_label_desc)?\s*\(/.test(query);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasAnalysis(body: unknown): boolean {
  return isRecord(body) && isRecord(body.data) && "analysis" in body.data;
}

/** Leaves out what is set aside and brings sets into one order. */
function normalise(
  body: unknown,
  options: CompareOptions & { readonly sorted: boolean; readonly keepAnalysis: boolean },
): unknown {
  if (!isRecord(body)) return body;
  const { completeness: _, ...rest } = body;
  for (const name of ["warnings", "infos"]) {
    const texts = rest[name];
    if (!Array.isArray(texts)) continue;
    const kept = texts.filter((text) => options.annotations || !String(text).startsWith("PromQL ")).sort();
    if (kept.length === 0) delete rest[name];
    else rest[name] = [...new Set(kept)];
  }
  if (isRecord(rest.data)) rest.data = normaliseData(rest.data, options);
  return rest;
}

function normaliseData(
  data: Record<string, unknown>,
  options: { readonly sorted: boolean; readonly keepAnalysis: boolean },
): Record<string, unknown> {
  const { analysis, stats, ...rest } = data;
  if (rest.resultType === "vector" && Array.isArray(rest.result) && !options.sorted) {
    const key = (sample: unknown) => metricKey(isRecord(sample) ? sample.metric : undefined);
    rest.result = rest.result.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  }
  return {
    ...rest,
    ...(options.keepAnalysis && analysis !== undefined ? { analysis } : {}),
    ...(stats === undefined ? {} : { stats: isRecord(stats) ? Object.keys(stats).sort() : stats }),
  };
}

function metricKey(metric: unknown): string {
  return isRecord(metric) ? JSON.stringify(Object.entries(metric).sort()) : "";
}

/** Where sample values stand in an answer. */
const floatPath = /\.(values?\[(\d+\]\[)?1\]|result\[1\])$/;
const histogramPath = /\.histograms?\[(\d+\]\[)?1\]\.(count|sum|buckets\[\d+\]\[[123]\])$/;

function compareValue(want: unknown, got: unknown, exact: boolean, at: string): string | undefined {
  if (Array.isArray(want) && Array.isArray(got)) return compareArrays(want, got, exact, at);
  if (isRecord(want) && isRecord(got)) return compareRecords(want, got, exact, at);
  if (Object.is(want, got)) return undefined;
  const isSampleValue = floatPath.test(at) || histogramPath.test(at);
  if (isSampleValue && !exact && isNumeric(want) && isNumeric(got) && isClose(Number(want), Number(got))) {
    return undefined;
  }
  return `${at || "body"}: ${short(JSON.stringify(got))}, wants ${short(JSON.stringify(want))}`;
}

function compareArrays(
  want: readonly unknown[],
  got: readonly unknown[],
  exact: boolean,
  at: string,
): string | undefined {
  for (let i = 0; i < Math.min(want.length, got.length); i++) {
    const difference = compareValue(want[i], got[i], exact, `${at}[${i}]`);
    if (difference !== undefined) return difference;
  }
  if (want.length === got.length) return undefined;
  const extra = JSON.stringify((want.length > got.length ? want : got)[Math.min(want.length, got.length)]);
  const side = want.length > got.length ? "missing" : "extra";
  return `${at}: ${got.length} elements, wants ${want.length}; ${side}: ${short(extra)}`;
}

function compareRecords(
  want: Record<string, unknown>,
  got: Record<string, unknown>,
  exact: boolean,
  at: string,
): string | undefined {
  for (const name of new Set([...Object.keys(want), ...Object.keys(got)])) {
    if (!(name in want)) return `${at}.${name}: ${short(JSON.stringify(got[name]))} is extra`;
    if (!(name in got)) return `${at}.${name}: missing, wants ${short(JSON.stringify(want[name]))}`;
    const difference = compareValue(want[name], got[name], exact, `${at}.${name}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isNumeric(value: unknown): value is string {
  return typeof value === "string" && value !== "" && Number.isFinite(Number(value));
}

function isClose(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}

function short(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
