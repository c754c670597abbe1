import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createPrometheusApi } from "../../src/clients/prometheus/prometheus-api.ts";
import { createPrometheusStore } from "../../src/clients/prometheus/prometheus-store.ts";
import { compareLabels, type Labels, labelValue } from "../../src/model/labels.ts";
import type { Matcher, MatcherType } from "../../src/model/matcher.ts";
import { allMatch, createMatcher } from "../../src/model/matches.ts";
import { createGrpcServer } from "../../src/rpc/grpc-server.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { createHttpClient } from "../../src/runtime/http-client.ts";
import type { EndpointInfo } from "../../src/store/endpoint.ts";
import { createChunkedFrameReader } from "../../src/wire/chunked-frames.ts";
import {
  ChunkedReadResponseSchema,
  type Query,
  QueryResultSchema,
  ReadRequestSchema,
  ReadResponseSchema,
} from "../../src/wire/gen/prometheus/remote_pb.ts";
import { type TimeSeries, TimeSeriesSchema } from "../../src/wire/gen/prometheus/types_pb.ts";
import { compressSnappy, uncompressSnappy } from "../../src/wire/snappy.ts";
import { frameOf } from "../support/fake-prometheus.ts";

/** Which of the recorded forms of remote read is answered. */
export type RemoteReadForm = "streamed" | "samples";

interface RecordedReads {
  readonly reads: readonly { readonly type: RemoteReadForm; readonly file: string }[];
}

/** A series of the recordings: in frames as they were streamed, or as samples. */
interface RecordedSeries {
  readonly labels: Labels;
  readonly frames: readonly Uint8Array[];
  readonly samples: TimeSeries | undefined;
}

export interface RecordedLeaf {
  readonly address: string;
  close(): Promise<void>;
}

/** Serves recorded remote reads of `folder` as a sidecar does: StoreAPI over our store over a Prometheus that repeats them. */
export async function startRecordedLeaf(folder: string, form: RemoteReadForm): Promise<RecordedLeaf> {
  const series = readSeries(folder, form);
  const prometheus = createServer((request, response) => {
    answer(series, form, request, response).catch((error) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => prometheus.listen(0, "127.0.0.1", resolve));
  const baseUrl = new URL(`http://127.0.0.1:${(prometheus.address() as AddressInfo).port}`);
  const http = createHttpClient({ tls: undefined, maxConnections: 8, silenceTimeoutMs: 10_000 });
  const facts = {
    ...{ externalLabels: [], ownLabels: [] },
    ...{ minMs: Number.NEGATIVE_INFINITY, takesLabelMatchers: true },
  };
  const store = createPrometheusStore({
    name: form,
    api: createPrometheusApi({ http, baseUrl, credentials: async () => ({}) }),
    facts: () => facts,
    clock: systemClock,
    maxAnswerBytes: 64 << 20,
  });
  const info: EndpointInfo = {
    ...store.info(),
    // Only who has labels is known for heard from; the series do not carry them, as the recorded answers do not.
    labelSets: [[{ name: "recorded", value: form }]],
    ...{ component: "sidecar", tsdbInfos: [], apis: new Set(["store"]) },
  };
  const server = createGrpcServer({ store, info: () => info, health: () => true });
  return {
    address: await server.listen({ host: "127.0.0.1", port: 0 }),
    async close() {
      await server.close(0);
      await http.close();
      prometheus.closeAllConnections();
      await new Promise((resolve) => prometheus.close(resolve));
    },
  };
}

function readSeries(folder: string, form: RemoteReadForm): readonly RecordedSeries[] {
  const { reads } = JSON.parse(readFileSync(join(folder, "reads.json"), "utf8")) as RecordedReads;
  const bodies = reads
    .filter(({ type }) => type === form)
    .map(({ file }) => new Uint8Array(gunzipSync(readFileSync(join(folder, file)))));
  const series = bodies.flatMap(form === "streamed" ? streamedSeries : sampledSeries);
  return series.sort((a, b) => compareLabels(a.labels, b.labels));
}

function streamedSeries(body: Uint8Array): RecordedSeries[] {
  const frames: Uint8Array[] = [];
  const reader = createChunkedFrameReader();
  reader.push(body, frames);
  reader.end();
  return frames.map((frame) => {
    const { chunkedSeries } = fromBinary(ChunkedReadResponseSchema, frame);
    return { labels: labelsOf(chunkedSeries[0]?.labels ?? []), frames: [frame.slice()], samples: undefined };
  });
}

function sampledSeries(body: Uint8Array): RecordedSeries[] {
  const { results } = fromBinary(ReadResponseSchema, uncompressSnappy(body, 1 << 26));
  const all = results.flatMap(({ timeseries }) => timeseries);
  return all.map((samples) => ({ labels: labelsOf(samples.labels), frames: [], samples }));
}

function labelsOf(labels: readonly { readonly name: string; readonly value: string }[]): Labels {
  return labels.map(({ name, value }) => ({ name, value }));
}

const matcherTypes: readonly MatcherType[] = ["=", "!=", "=~", "!~"];

async function answer(
  series: readonly RecordedSeries[],
  form: RemoteReadForm,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.url !== "/api/v1/read") throw new Error(`${request.url} is not recorded`);
  const pieces: Uint8Array[] = [];
  for await (const piece of request) pieces.push(piece);
  const [query] = fromBinary(ReadRequestSchema, uncompressSnappy(Buffer.concat(pieces), 1 << 20)).queries;
  if (query === undefined) throw new Error("no query");
  const matchers = query.matchers.map(({ type, name, value }) =>
    createMatcher({ type: matcherTypes[type] ?? "=", name, value } satisfies Matcher),
  );
  const selected = series.filter(({ labels }) =>
    allMatch(matchers, (name) => labelValue(labels, name) ?? ""),
  );
  if (form === "streamed") {
    response.setHeader(
      "content-type",
      "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse",
    );
    response.end(Buffer.concat(selected.flatMap(({ frames }) => frames.map((frame) => frameOf(frame)))));
    return;
  }
  // A real one does not sort what it does not stream.
  const timeseries = selected
    .reverse()
    .flatMap(({ samples }) => (samples === undefined ? [] : [within(samples, query)]));
  const message = create(ReadResponseSchema, { results: [create(QueryResultSchema, { timeseries })] });
  response.setHeader("content-type", "application/x-protobuf");
  response.setHeader("content-encoding", "snappy");
  response.end(compressSnappy(toBinary(ReadResponseSchema, message)));
}

/** The samples in the range of a query, as a Prometheus answers them. */
function within(series: TimeSeries, query: Query): TimeSeries {
  const isIn = ({ timestamp }: { readonly timestamp: bigint }) =>
    timestamp >= query.startTimestampMs && timestamp <= query.endTimestampMs;
  return create(TimeSeriesSchema, {
    labels: series.labels,
    samples: series.samples.filter(isIn),
    histograms: series.histograms.filter(isIn),
  });
}
