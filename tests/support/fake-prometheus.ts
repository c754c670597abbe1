import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { compareLabels, type Label, type Labels, labelValue, sortLabels } from "../../src/model/labels.ts";
import type { Matcher, MatcherType } from "../../src/model/matcher.ts";
import { allMatch, createMatcher } from "../../src/model/matches.ts";
import type { EncodedChunk } from "../../src/wire/batch-builder.ts";
import { crc32c } from "../../src/wire/crc32c.ts";
import {
  ChunkedReadResponseSchema,
  ReadRequest_ResponseType,
  ReadRequestSchema,
  ReadResponseSchema,
} from "../../src/wire/gen/prometheus/remote_pb.ts";
import {
  type Chunk_Encoding,
  ChunkedSeriesSchema,
  ChunkSchema,
  LabelSchema,
} from "../../src/wire/gen/prometheus/types_pb.ts";
import { compressSnappy, uncompressSnappy } from "../../src/wire/snappy.ts";
import { encodeChunks, type MemorySeries } from "./memory-store.ts";

/** A chunk as remote read numbers its encoding: XOR is 1. */
export interface FakeChunk {
  readonly minMs: number;
  readonly maxMs: number;
  readonly type: number;
  readonly data: Uint8Array;
}

export interface FakePrometheusOptions {
  readonly series: readonly MemorySeries[];
  /** Prometheus's own. */
  readonly externalLabels?: Labels;
  /** Chunks in place of a series' own, for encodings that nothing here writes. */
  readonly chunksOf?: (labels: Labels) => readonly FakeChunk[] | undefined;
  /** Whether remote read knows the streamed form. Default yes. */
  readonly streamed?: boolean;
  /** Of buildinfo; "" for a server too old to have it. Default 2.42.0. */
  readonly version?: string;
  /** Text of the oldest time in /metrics. Default 0. */
  readonly lowestSeconds?: string;
  /** Bytes of one piece of a streamed answer; default: whole frames. */
  readonly pieceBytes?: number;
  /** Chunks in one frame at most; a longer series comes in several. Default all. */
  readonly chunksPerFrame?: number;
  /** Answers in place of the fake; true where it did. */
  readonly intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** A Prometheus over series in memory: remote read, series, labels, values, configuration, version, metrics. */
export interface FakePrometheus {
  readonly url: URL;
  /** `METHOD /path?query` of each request so far. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export async function startFakePrometheus(options: FakePrometheusOptions): Promise<FakePrometheus> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${decodeURIComponent(request.url ?? "")}`);
    if (options.intercept?.(request, response) === true) return;
    answer(options, request, response).catch((error) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    requests,
    close: () => closeServer(server),
  };
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(options: FakePrometheusOptions, request: IncomingMessage, response: ServerResponse) {
  const url = new URL(request.url ?? "/", "http://prometheus");
  const values = /^\/api\/v1\/label\/(\w+)\/values$/.exec(url.pathname)?.[1];
  if (url.pathname === "/api/v1/read") return await answerRead(options, request, response);
  if (url.pathname === "/metrics") {
    return response.end(`# x\nprometheus_tsdb_lowest_timestamp_seconds ${options.lowestSeconds ?? "0"}\n`);
  }
  if (url.pathname === "/api/v1/status/buildinfo") {
    if (options.version === "") return response.writeHead(404).end();
    return sendData(response, { version: options.version ?? "2.42.0" });
  }
  if (url.pathname === "/api/v1/status/config") return sendData(response, { yaml: configOf(options) });
  const selected = selectSeries(options, url.searchParams);
  if (selected === undefined) {
    const error = "match[] must contain at least one non-empty matcher";
    return response.writeHead(400).end(JSON.stringify({ status: "error", errorType: "bad_data", error }));
  }
  if (url.pathname === "/api/v1/series") return sendData(response, selected.map(recordOf));
  if (url.pathname === "/api/v1/labels") return sendData(response, namesOf(selected));
  if (values !== undefined)
    return sendData(response, [...new Set(selected.flatMap((s) => labelValue(s.labels, values) ?? []))]);
  response.writeHead(404).end();
}

function sendData(response: ServerResponse, data: unknown): void {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ status: "success", data }));
}

function configOf({ externalLabels = [] }: FakePrometheusOptions): string {
  const lines = externalLabels.map(({ name, value }) => `    ${name}: ${JSON.stringify(value)}\n`);
  return `global:\n  scrape_interval: 15s\n${lines.length > 0 ? "  external_labels:\n" : ""}${lines.join("")}scrape_configs: []\n`;
}

function recordOf({ labels }: MemorySeries): Record<string, string> {
  return Object.fromEntries(labels.map(({ name, value }) => [name, value]));
}

function namesOf(series: readonly MemorySeries[]): string[] {
  return [...new Set(series.flatMap(({ labels }) => labels.map(({ name }) => name)))].sort();
}

/** Series that the label APIs meet, in no order; `undefined` where all matchers take the empty text. */
function selectSeries(
  options: FakePrometheusOptions,
  parameters: URLSearchParams,
): readonly MemorySeries[] | undefined {
  const text = parameters.get("match[]");
  const matchers = text === null ? [] : parseSelector(text);
  if (text !== null && matchers.every((matcher) => createMatcher(matcher).matches(""))) return undefined;
  const seconds = (name: string, fallback: number) => Number(parameters.get(name) ?? fallback) * 1000;
  const range = { minMs: seconds("start", -Infinity), maxMs: seconds("end", Infinity) };
  return options.series
    .filter((series) => matches(series.labels, matchers))
    .filter((series) =>
      (series.samples ?? []).some(([timeMs]) => timeMs >= range.minMs && timeMs <= range.maxMs),
    )
    .reverse();
}

function parseSelector(text: string): Matcher[] {
  return [...text.matchAll(/([A-Za-z_]\w*)(=~|!~|!=|=)("(?:[^"\\]|\\.)*")/g)].map(
    ([, name, type, value]) => ({
      name: name ?? "",
      type: type as MatcherType,
      value: JSON.parse(value ?? '""'),
    }),
  );
}

function matches(labels: Labels, matchers: readonly Matcher[]): boolean {
  return allMatch(matchers.map(createMatcher), (name) => labelValue(labels, name) ?? "");
}

const matcherTypes: readonly MatcherType[] = ["=", "!=", "=~", "!~"];

async function answerRead(
  options: FakePrometheusOptions,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const pieces: Uint8Array[] = [];
  for await (const piece of request) pieces.push(piece);
  const message = fromBinary(ReadRequestSchema, uncompressSnappy(Buffer.concat(pieces), 1 << 20));
  const query = message.queries[0];
  if (query === undefined) throw new Error("no query");
  const external = options.externalLabels ?? [];
  const matchers = query.matchers.map(({ type, name, value }): Matcher => {
    // As Prometheus does: an equality with an external label of its own means the series without it.
    const own = type === 0 && labelValue(external, name) === value;
    return { type: matcherTypes[type] ?? "=", name, value: own ? "" : value };
  });
  const range = { minMs: Number(query.startTimestampMs), maxMs: Number(query.endTimestampMs) };
  const selected = options.series
    .filter(({ labels }) => matches(labels, matchers))
    .sort((a, b) => compareLabels(a.labels, b.labels));
  const streamed =
    options.streamed !== false &&
    message.acceptedResponseTypes[0] === ReadRequest_ResponseType.STREAMED_XOR_CHUNKS;
  if (streamed) await sendChunks(options, selected, { response, range });
  // A real one does not sort what it does not stream.
  else sendSamples(options, selected.reverse(), { response, range });
}

interface ReadTarget {
  readonly response: ServerResponse;
  readonly range: { readonly minMs: number; readonly maxMs: number };
}

/** Labels that the series has itself win. */
function withExternal(labels: Labels, external: Labels): Label[] {
  const added = external.filter(({ name }) => labelValue(labels, name) === undefined);
  return [...sortLabels([...labels, ...added])];
}

async function sendChunks(
  options: FakePrometheusOptions,
  selected: readonly MemorySeries[],
  target: ReadTarget,
) {
  const { response, range } = target;
  response.setHeader("content-type", "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse");
  const frames: Uint8Array[] = [];
  for (const series of selected) {
    const chunks = (options.chunksOf?.(series.labels) ?? xorChunks(series)).filter(
      (chunk) => chunk.maxMs >= range.minMs && chunk.minMs <= range.maxMs,
    );
    const labels = withExternal(series.labels, options.externalLabels ?? []);
    const perFrame = options.chunksPerFrame ?? Math.max(1, chunks.length);
    for (let from = 0; from < chunks.length; from += perFrame) {
      frames.push(frameOf(chunkedMessage(labels, chunks.slice(from, from + perFrame))));
    }
  }
  const size = options.pieceBytes;
  const pieces = size === undefined ? frames : cut(Buffer.concat(frames), size);
  for (const piece of pieces) {
    if (response.destroyed) return;
    if (!response.write(piece))
      await new Promise((resolve) => response.once("drain", resolve).once("close", resolve));
    if (size !== undefined) await new Promise((resolve) => setImmediate(resolve));
  }
  response.end();
}

function xorChunks(series: MemorySeries): readonly FakeChunk[] {
  const chunks = series.chunks ?? encodeChunks(series.samples ?? []);
  return chunks.map((chunk: EncodedChunk) => ({ ...chunk, type: chunk.encoding + 1 }));
}

/** One series as a ChunkedReadResponse. */
export function chunkedMessage(labels: readonly Label[], chunks: readonly FakeChunk[]): Uint8Array {
  return toBinary(
    ChunkedReadResponseSchema,
    create(ChunkedReadResponseSchema, {
      chunkedSeries: [
        create(ChunkedSeriesSchema, {
          labels: labels.map((label) => create(LabelSchema, label)),
          chunks: chunks.map(({ minMs, maxMs, type, data }) =>
            create(ChunkSchema, {
              minTimeMs: BigInt(minMs),
              maxTimeMs: BigInt(maxMs),
              type: type as Chunk_Encoding, // Tests send numbers that the enum lacks, too.
              data: Uint8Array.from(data),
            }),
          ),
        }),
      ],
    }),
  );
}

/** A message as one frame of a streamed answer. */
export function frameOf(message: Uint8Array, checksum = crc32c(message)): Uint8Array {
  const size: number[] = [];
  for (let rest = message.length; ; rest >>>= 7) {
    size.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  const sum = [checksum >>> 24, (checksum >>> 16) & 255, (checksum >>> 8) & 255, checksum & 255];
  return Uint8Array.from([...size, ...sum, ...message]);
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
}

function sendSamples(options: FakePrometheusOptions, selected: readonly MemorySeries[], target: ReadTarget) {
  const { response, range } = target;
  const timeseries = selected
    .map((series) => ({
      labels: withExternal(series.labels, options.externalLabels ?? []),
      samples: (series.samples ?? [])
        .filter(([timeMs]) => timeMs >= range.minMs && timeMs <= range.maxMs)
        .map(([timeMs, value]) => ({ timestamp: BigInt(timeMs), value: Number(value) })),
    }))
    .filter(({ samples }) => samples.length > 0);
  const message = toBinary(ReadResponseSchema, create(ReadResponseSchema, { results: [{ timeseries }] }));
  response.setHeader("content-type", "application/x-protobuf");
  response.setHeader("content-encoding", "snappy");
  response.end(compressSnappy(message));
}
