import { request } from "node:http";
import * as assert from "uvu/assert";
import type { QueryTime } from "./query-list.ts";

/** A series of an answer: labels as text, and value texts by time. */
export type Answer = ReadonlyMap<string, readonly (readonly [number, string])[]>;

export interface AskOptions {
  readonly time: QueryTime;
  /** Further parameters. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Labels added to each series of the answer. */
  readonly addLabels?: Readonly<Record<string, string>>;
}

/** Asks a Prometheus API. */
export async function ask(address: string, query: string, options: AskOptions): Promise<Answer> {
  const { time } = options;
  const when =
    time.kind === "instant"
      ? { time: String(time.at) }
      : { start: String(time.from), end: String(time.to), step: String(time.step) };
  const parameters = new URLSearchParams({ query, ...when, ...options.parameters });
  const path = time.kind === "instant" ? "/api/v1/query" : "/api/v1/query_range";
  const body = await getJson(`http://${address}${path}?${parameters}`);
  if (!isRecord(body) || body.status !== "success" || !isRecord(body.data)) {
    throw new Error(`${query} at ${address}: ${JSON.stringify(body)}`);
  }
  assert.equal(body.warnings ?? [], [], query);
  return answerOf(body.data, options.addLabels ?? {});
}

/** A GET whose body is JSON, whatever the status; keeps no connection. */
export function getJson(url: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: false }, (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on("data", (piece: Buffer) => pieces.push(piece));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const text = Buffer.concat(pieces).toString();
        try {
          resolve(JSON.parse(text));
        } catch {
          reject(new Error(`${incoming.statusCode} ${text.slice(0, 200)}`));
        }
      });
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

function answerOf(
  data: Readonly<Record<string, unknown>>,
  addLabels: Readonly<Record<string, string>>,
): Answer {
  const answer = new Map<string, readonly (readonly [number, string])[]>();
  if (data.resultType === "scalar") return answer.set("", [data.result as [number, string]]);
  for (const entry of data.result as {
    metric: object;
    value?: [number, string];
    values?: [number, string][];
  }[]) {
    const labels = Object.entries({ ...entry.metric, ...addLabels }).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify(labels);
    assert.not.ok(answer.has(key), `${key} comes twice`);
    answer.set(key, entry.values ?? (entry.value === undefined ? [] : [entry.value]));
  }
  return answer;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Same series, same times, same values but for the last digits, which depend on the order of additions. */
export function assertSameAnswer(got: Answer, want: Answer, what: string): void {
  assert.equal([...got.keys()].sort(), [...want.keys()].sort(), what);
  for (const [labels, expected] of want) {
    const points = got.get(labels) ?? [];
    assert.equal(
      points.map(([t]) => t),
      expected.map(([t]) => t),
      `${what} ${labels}`,
    );
    for (const [i, [t, text]] of expected.entries()) {
      const value = points[i]?.[1] ?? "";
      assert.ok(isClose(value, text), `${what} ${labels} at ${t}: ${value}, wants ${text}`);
    }
  }
}

function isClose(a: string, b: string): boolean {
  if (a === b) return true;
  const [x, y] = [Number(a), Number(b)];
  return Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y));
}
