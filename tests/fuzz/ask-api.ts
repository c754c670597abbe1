import { Agent, request } from "node:http";
import type { QueryTimes } from "./query-grammar.ts";

/** A series of an answer; points as `[seconds, text]`, histograms as `[seconds, object]`. */
export interface ApiSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
  readonly histogram?: readonly [number, unknown];
  readonly histograms?: readonly (readonly [number, unknown])[];
}

/** What the HTTP API of Prometheus said. */
export interface ApiAnswer {
  readonly httpStatus: number;
  readonly status: string;
  readonly errorType?: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
  readonly data?: { readonly resultType: string; readonly result: unknown };
}

export type QueryForm = "instant" | "range";

/** Asks one server, over connections that are kept. */
export interface ApiClient {
  ask(query: string, form: QueryForm, times: QueryTimes): Promise<ApiAnswer>;
  close(): void;
}

/** The caller closes. Rejects where a server does not answer within a minute, or no JSON. */
export function createApiClient(address: string): ApiClient {
  const agent = new Agent({ keepAlive: true });
  const post = (path: string, form: string): Promise<ApiAnswer> =>
    new Promise((resolve, reject) => {
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const url = `http://${address}${path}`;
      const outgoing = request(url, { method: "POST", agent, headers, timeout: 60_000 }, (incoming) => {
        const pieces: Buffer[] = [];
        incoming.on("data", (piece: Buffer) => pieces.push(piece));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const text = Buffer.concat(pieces).toString();
          try {
            resolve({ ...JSON.parse(text), httpStatus: incoming.statusCode ?? 0 });
          } catch (cause) {
            reject(new Error(`${address} answers ${incoming.statusCode} ${text.slice(0, 200)}`, { cause }));
          }
        });
      });
      outgoing.on("timeout", () => outgoing.destroy(new Error(`${address} has not answered for a minute`)));
      outgoing.on("error", reject);
      outgoing.end(form);
    });
  return {
    ask(query, form, { at, start, end, step }) {
      const when: Record<string, string> =
        form === "instant"
          ? { time: String(at) }
          : { start: String(start), end: String(end), step: String(step) };
      const path = form === "instant" ? "/api/v1/query" : "/api/v1/query_range";
      return post(path, new URLSearchParams({ query, ...when }).toString());
    },
    close: () => agent.destroy(),
  };
}
