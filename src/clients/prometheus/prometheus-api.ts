import { GatewayError } from "../../lib/errors.ts";
import { type Labels, sortLabels } from "../../model/labels.ts";
import type { Matcher } from "../../model/matcher.ts";
import type { TimeRange } from "../../model/time-range.ts";
import type { HttpResponse } from "../../runtime/http-client.ts";
import { escapeLabelName } from "./label-name-escape.ts";
import { type PrometheusAddress, sendToPrometheus } from "./prometheus-requests.ts";
import { type ReadLimit, readData, readQuote, textsOf } from "./read-answer.ts";

export interface ApiCall extends ReadLimit {
  readonly signal: AbortSignal;
}

export interface LabelQuery {
  readonly range: TimeRange;
  /** Left out where empty. */
  readonly matchers: readonly Matcher[];
  /** 0 for all; older servers ignore it. */
  readonly limit: number;
}

/** The parts of Prometheus's HTTP API that a sidecar reads. Failures are GatewayErrors with Thanos's codes and texts. */
export interface PrometheusApi {
  /** `undefined` where the server is too old to tell, or may not be asked. */
  version(call: ApiCall): Promise<string | undefined>;
  /** The configuration as YAML; `undefined` where it may not be read. */
  config(call: ApiCall): Promise<string | undefined>;
  /** Body of /metrics, leaving it early is fine; `undefined` where it may not be read. */
  metrics(call: ApiCall): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Labels without Prometheus's own external ones, in no order. */
  series(call: ApiCall, query: LabelQuery): Promise<readonly Labels[]>;
  labelNames(call: ApiCall, query: LabelQuery): Promise<readonly string[]>;
  /** Values that series themselves have, without Prometheus's own external labels. */
  labelValues(call: ApiCall, query: LabelQuery & { readonly label: string }): Promise<readonly string[]>;
  /** Starts a remote read; `body` is a compressed ReadRequest. Whatever the status is. */
  read(signal: AbortSignal, body: Uint8Array): Promise<HttpResponse>;
}

export function createPrometheusApi(prometheus: PrometheusAddress): PrometheusApi {
  const get = async (call: ApiCall, path: string, parameters: readonly (readonly [string, string])[] = []) =>
    await readData(
      await sendToPrometheus(prometheus, { method: "GET", path, parameters, signal: call.signal }),
      call,
    );

  const getIfAllowed = async (call: ApiCall, path: string): Promise<HttpResponse | undefined> => {
    const headers = { accept: "application/json, text/plain;version=0.0.4" };
    const response = await sendToPrometheus(prometheus, {
      method: "GET",
      path,
      headers,
      signal: call.signal,
    });
    if (!refusals.includes(response.status)) return response;
    response.cancel();
    return undefined;
  };

  return {
    async version(call) {
      const response = await getIfAllowed(call, "/api/v1/status/buildinfo");
      if (response === undefined) return undefined;
      const version = property(await readData(response, call), "version");
      return typeof version === "string" ? version : undefined;
    },
    async config(call) {
      const response = await getIfAllowed(call, "/api/v1/status/config");
      if (response === undefined) return undefined;
      const yaml = property(await readData(response, call), "yaml");
      if (typeof yaml === "string") return yaml;
      throw new GatewayError(
        "internal",
        "Cannot read the configuration of Prometheus: no YAML in the answer",
      );
    },
    async metrics(call) {
      const response = await getIfAllowed(call, "/metrics");
      if (response === undefined || response.status === 200) return response?.body;
      const quote = await readQuote(response);
      throw new GatewayError(
        "unavailable",
        `Cannot read /metrics of Prometheus: status ${response.status}: ${quote}`,
      );
    },
    async series(call, query) {
      const data = await get(call, "/api/v1/series", parametersOf(query));
      if (data === null || data === undefined) return [];
      if (Array.isArray(data)) return data.map(labelsOfRecord);
      throw new GatewayError("internal", "Cannot read series of Prometheus: not a list");
    },
    labelNames: async (call, query) =>
      textsOf(await get(call, "/api/v1/labels", parametersOf(query)), "label names"),
    async labelValues(call, query) {
      const path = `/api/v1/label/${escapeLabelName(query.label)}/values`;
      return textsOf(await get(call, path, parametersOf(query)), "label values");
    },
    read: (signal, body) =>
      sendToPrometheus(prometheus, {
        method: "POST",
        path: "/api/v1/read",
        headers: {
          "content-encoding": "snappy",
          "accept-encoding": "snappy",
          "content-type": "application/x-stream-protobuf",
          "x-prometheus-remote-read-version": "0.1.0",
        },
        body,
        signal,
      }),
  };
}

/** Statuses of what is not there, or not for us. */
const refusals: readonly number[] = [401, 403, 404, 405];

function parametersOf({ range, matchers, limit }: LabelQuery): readonly (readonly [string, string])[] {
  const parameters: (readonly [string, string])[] = [];
  if (matchers.length > 0) parameters.push(["match[]", formatSelector(matchers)]);
  if (Math.abs(range.minMs) < maxTimeMs) parameters.push(["start", String(range.minMs / 1000)]);
  if (Math.abs(range.maxMs) < maxTimeMs) parameters.push(["end", String(range.maxMs / 1000)]);
  if (limit > 0) parameters.push(["limit", String(limit)]);
  return parameters;
}

/** Times past these are left out, which Prometheus takes for no limit. */
const maxTimeMs = 2 ** 53;

/** A selector as PromQL writes it. Names that PromQL cannot write bare are quoted, which needs Prometheus 3. */
export function formatSelector(matchers: readonly Matcher[]): string {
  const terms = matchers.map(({ name, type, value }) => `${formatName(name)}${type}${quote(value)}`);
  return `{${terms.join(",")}}`;
}

function formatName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : quote(name);
}

/** JSON's escapes are a part of Go's; a lone surrogate cannot be in a label. */
function quote(text: string): string {
  return JSON.stringify(text.toWellFormed());
}

function labelsOfRecord(entry: unknown): Labels {
  if (typeof entry !== "object" || entry === null) {
    throw new GatewayError("internal", "Cannot read series of Prometheus: an entry is no label set");
  }
  return sortLabels(Object.entries(entry).map(([name, value]) => ({ name, value: String(value) })));
}

function property(data: unknown, name: string): unknown {
  return typeof data === "object" && data !== null ? Reflect.get(data, name) : undefined;
}
