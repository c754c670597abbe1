import { type ErrorCode, GatewayError } from "../../lib/errors.ts";
import type { HttpResponse } from "../../runtime/http-client.ts";
import type { QueryContext, SeriesRequest } from "../../store/store.ts";
import { createChunkedFrameReader } from "../../wire/chunked-frames.ts";
import { ChunkedSeriesReader } from "../../wire/chunked-series.ts";
import { encodeReadRequest } from "../../wire/remote-read-request.ts";
import { SampledSeriesReader } from "../../wire/sampled-series.ts";
import type { SeriesBatch } from "../../wire/series-batch.ts";
import { createShardMatcher } from "../../wire/shard.ts";
import { compressSnappy, uncompressSnappy } from "../../wire/snappy.ts";
import { mayCarryLabels } from "./carried-labels.ts";
import type { ApiCall, PrometheusApi } from "./prometheus-api.ts";
import type { PrometheusFacts } from "./prometheus-facts.ts";
import { readBytes, readQuote } from "./read-answer.ts";
import { chunksOf, chunksOfSamples, createRemoteSeries, type RemoteSeries } from "./remote-series.ts";
import {
  createBufferingSorter,
  createStreamingSorter,
  SeriesOutput,
  type SeriesSorter,
} from "./series-output.ts";
import { createSeriesRelabel } from "./series-relabel.ts";

export interface SeriesSource {
  readonly api: PrometheusApi;
  readonly facts: PrometheusFacts;
  readonly call: ApiCall;
}

/** A batch leaves when it is this large, or when the answer has paused. */
const batchBytes = 256 * 1024;

/**
 * Series of one remote read, in the order of the labels they are answered with. `request` has no matchers on external
 * labels any more and its range is what Prometheus has.
 */
export async function* readSeries(
  source: SeriesSource,
  ctx: Pick<QueryContext, "memory">,
  request: SeriesRequest,
): AsyncGenerator<SeriesBatch> {
  const { api, call, facts } = source;
  const { range, matchers } = request;
  const relabel = createSeriesRelabel(facts, request.withoutReplicaLabels);
  const carried = await mayCarryLabels(api, call, { ...facts, range, matchers, names: relabel.names });
  const output = new SeriesOutput(request.limit);
  const answer = await startRead(source, request);
  const streamed = isStreamed(answer);
  // Prometheus sorts what it streams, and only that.
  const sorter =
    carried || !streamed
      ? createBufferingSorter(output, ctx.memory)
      : createStreamingSorter(output, { greatestName: relabel.greatestName, memory: ctx.memory });
  const shard = createShardMatcher(request.shard);
  const take: TakeSeries = (bytes, start, end, chunks) => {
    const labels = relabel.apply(bytes, start, end);
    if (!shard.matches(labels.buffer, labels.start, labels.end)) return;
    sorter.push(createRemoteSeries(labels, request.skipChunks ? [] : chunks));
  };
  try {
    const read = { answer, take, output, range, limit: { ...call, memory: ctx.memory } };
    yield* streamed ? readChunked(read) : readSampled(read);
    yield* drain(sorter, output);
    const rest = output.take();
    if (rest !== undefined) yield rest;
  } finally {
    sorter.close();
  }
}

/** A series as Prometheus gave it: its label region and its chunks. */
type TakeSeries = (bytes: Uint8Array, start: number, end: number, chunks: RemoteSeries["chunks"]) => void;

interface Read {
  readonly answer: HttpResponse;
  readonly take: TakeSeries;
  readonly output: SeriesOutput;
  readonly range: SeriesRequest["range"];
  readonly limit: ApiCall;
}

async function startRead({ api, call }: SeriesSource, request: SeriesRequest): Promise<HttpResponse> {
  const body = encodeReadRequest(request, ["STREAMED_XOR_CHUNKS", "SAMPLES"]);
  const answer = await api.read(call.signal, compressSnappy(body));
  if (answer.status >= 200 && answer.status < 300) return answer;
  const quote = await readQuote(answer);
  const message = `query Prometheus: request failed with code ${answer.status}; msg ${quote}`;
  throw new GatewayError(codeOfStatus(answer.status), message);
}

function codeOfStatus(status: number): ErrorCode {
  return status === 502 || status === 503 || status === 504 ? "unavailable" : "internal";
}

/** Throws GatewayError `internal`, in Thanos's words, for an answer of neither kind. */
function isStreamed(answer: HttpResponse): boolean {
  const contentType = answer.header("content-type") ?? "";
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/x-streamed-protobuf") return true;
  if (type === "application/x-protobuf") return false;
  answer.cancel();
  throw new GatewayError("internal", `not supported remote read content type: ${contentType}`);
}

async function* readChunked(read: Read): AsyncGenerator<SeriesBatch> {
  const { answer, take, output, range } = read;
  const frames = createChunkedFrameReader();
  const series = new ChunkedSeriesReader();
  const payloads: Uint8Array[] = [];
  for await (const piece of answer.body) {
    frames.push(piece, payloads);
    for (const payload of payloads) {
      series.reset(payload);
      while (series.next()) {
        const chunks = chunksOf(series, range);
        if (chunks.length > 0) take(series.labels, series.labelStart, series.labelEnd, chunks);
      }
    }
    payloads.length = 0;
    const batch = output.take();
    if (batch !== undefined) yield batch;
    if (output.done) return;
  }
  frames.end();
}

async function* readSampled({ answer, take, output, limit }: Read): AsyncGenerator<SeriesBatch> {
  const compressed = await readBytes(answer, limit);
  let held = compressed.length;
  try {
    const message = uncompressSnappy(compressed, limit.maxBytes);
    limit.memory?.take(message.length);
    held += message.length;
    const series = new SampledSeriesReader();
    series.reset(message);
    while (series.next() && !output.done) {
      const chunks = chunksOfSamples(series);
      if (chunks.length > 0) take(series.labels, series.labelStart, series.labelEnd, chunks);
      if (output.sizeBytes < batchBytes) continue;
      const batch = output.take();
      if (batch !== undefined) yield batch;
    }
    if (!output.done && series.queryIndex !== 0) {
      throw new GatewayError("internal", `unexpected result size ${series.queryIndex + 1}`);
    }
  } finally {
    limit.memory?.give(held);
  }
}

function* drain(sorter: SeriesSorter, output: SeriesOutput): Generator<SeriesBatch> {
  for (const _ of sorter.end()) {
    if (output.sizeBytes < batchBytes) continue;
    const batch = output.take();
    if (batch !== undefined) yield batch;
  }
}
