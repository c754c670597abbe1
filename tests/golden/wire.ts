import { connect, createServer, type Http2Server, type IncomingHttpHeaders } from "node:http2";
import type { AddressInfo } from "node:net";
import {
  type DescMessage,
  equals,
  fromBinary,
  type MessageShape,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { dialThanos } from "../../src/clients/thanos/dial-thanos.ts";
import { messageOf } from "../../src/lib/errors.ts";
import { BatchBuilder } from "../../src/wire/batch-builder.ts";
import { HealthCheckResponseSchema } from "../../src/wire/gen/grpc/health/v1/health_pb.ts";
import { type InfoResponse, InfoResponseSchema } from "../../src/wire/gen/thanos/info/info_pb.ts";
import {
  LabelNamesResponseSchema,
  LabelValuesResponseSchema,
  SeriesResponseSchema,
} from "../../src/wire/gen/thanos/store_pb.ts";
import { createDeframer, encodeFrame } from "../../src/wire/grpc-frames.ts";
import { decodeGrpcMessage, grpcStatusName } from "../../src/wire/grpc-headers.ts";
import { fromInfoMessage, toInfoMessage } from "../../src/wire/info-response.ts";
import {
  fromLabelNamesAnswer,
  fromLabelValuesAnswer,
  toLabelNamesAnswer,
  toLabelValuesAnswer,
} from "../../src/wire/label-request.ts";
import { encodeSeriesFrames, encodeWarningFrame } from "../../src/wire/series-response.ts";
import { createTestContext, seriesRequest } from "../support/memory-store.ts";

/** A recorded gRPC call: `request` is a bare message, `body` is frames, both base64. */
export interface RecordedExchange {
  readonly server: "store" | "query";
  readonly name: string;
  readonly path: string;
  readonly request: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly trailers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a call came to. */
interface CallResult {
  readonly status: string;
  readonly message: string;
  readonly frames: readonly Uint8Array[];
}

/**
 * Of the querier: what the gateway at `address` answers to the same request. Of the store: what our decoders make of
 * the recorded bytes, and our encoders of that again; an error goes through our client.
 */
export async function compareExchange(
  exchange: RecordedExchange,
  address: string,
): Promise<string | undefined> {
  const recorded = resultOf(exchange);
  if (exchange.server === "query")
    return compareResults(exchange, recorded, await callUnderTest(exchange, address));
  if (recorded.status !== "0") return compareClientError(exchange, recorded);
  const frames = recorded.frames.flatMap((frame) => rewrite(exchange, frame));
  return compareResults(exchange, recorded, { ...recorded, frames });
}

function resultOf(exchange: RecordedExchange): CallResult {
  const { headers, trailers } = exchange;
  const text = (name: string) => String(headers[name] ?? trailers?.[name] ?? "");
  return {
    status: text("grpc-status"),
    message: decodeGrpcMessage(text("grpc-message")),
    frames: deframe(Buffer.from(exchange.body, "base64")),
  };
}

function deframe(body: Uint8Array): Uint8Array[] {
  const messages: Uint8Array[] = [];
  const deframer = createDeframer({ limitBytes: 1 << 28 });
  deframer.push(body, messages);
  deframer.end();
  return messages;
}

function callUnderTest(exchange: RecordedExchange, address: string): Promise<CallResult> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${address}`);
    session.on("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": exchange.path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const parts: Buffer[] = [];
    let found: IncomingHttpHeaders = {};
    const keep = (headers: IncomingHttpHeaders) => {
      found = { ...found, ...headers };
    };
    stream.on("response", keep);
    stream.on("trailers", keep);
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("error", reject);
    stream.on("close", () => {
      session.close();
      resolve({
        status: String(found["grpc-status"] ?? ""),
        message: decodeGrpcMessage(String(found["grpc-message"] ?? "")),
        frames: deframe(Buffer.concat(parts)),
      });
    });
    stream.end(encodeFrame(Buffer.from(exchange.request, "base64")));
  });
}

function compareResults(exchange: RecordedExchange, want: CallResult, got: CallResult): string | undefined {
  if (want.status !== got.status || want.message !== got.message)
    return `status ${got.status} "${got.message}", wants ${want.status} "${want.message}"`;
  const wantFrames = want.frames.filter((frame) => !isHints(exchange, frame));
  const gotFrames = got.frames.filter((frame) => !isHints(exchange, frame));
  for (const [i, frame] of wantFrames.entries()) {
    const other = gotFrames[i];
    if (other === undefined) break;
    const difference = compareMessages(exchange, frame, other);
    if (difference !== undefined) return `frame ${i}: ${difference}`;
  }
  if (wantFrames.length === gotFrames.length) return undefined;
  return `${gotFrames.length} frames, wants ${wantFrames.length}`;
}

function methodOf(exchange: RecordedExchange): string {
  return exchange.path.split("/")[2] ?? "";
}

function isHints(exchange: RecordedExchange, frame: Uint8Array): boolean {
  return methodOf(exchange) === "Series" && fromBinary(SeriesResponseSchema, frame).result.case === "hints";
}

function compareMessages(exchange: RecordedExchange, want: Uint8Array, got: Uint8Array): string | undefined {
  switch (methodOf(exchange)) {
    case "Series":
      return compareAs(SeriesResponseSchema, want, got);
    case "Info":
      return compareAs(InfoResponseSchema, want, got, comparableInfo);
    case "LabelNames":
      return compareAs(LabelNamesResponseSchema, want, got, withoutHints);
    case "LabelValues":
      return compareAs(LabelValuesResponseSchema, want, got, withoutHints);
    default:
      return compareAs(HealthCheckResponseSchema, want, got);
  }
}

function compareAs<Schema extends DescMessage>(
  schema: Schema,
  want: Uint8Array,
  got: Uint8Array,
  edit: (message: MessageShape<Schema>) => MessageShape<Schema> = (message) => message,
): string | undefined {
  const a = edit(fromBinary(schema, want));
  const b = edit(fromBinary(schema, got));
  if (equals(schema, a, b)) return undefined;
  return difference(JSON.stringify(toJson(schema, a)), JSON.stringify(toJson(schema, b)));
}

function difference(want: string, got: string): string {
  let at = 0;
  while (at < want.length && want[at] === got[at]) at++;
  const around = (text: string) => text.slice(Math.max(0, at - 80), at + 160);
  return `…${around(got)}…, wants …${around(want)}…`;
}

function withoutHints<T extends { hints?: unknown }>(message: T): T {
  delete message.hints;
  return message;
}

/** Type, label sets and store; sets in one order, as Thanos takes them from a map. */
function comparableInfo(message: InfoResponse): InfoResponse {
  const order = (a: unknown, b: unknown) => (text(a) < text(b) ? -1 : 1);
  const text = (value: unknown) => JSON.stringify(value, (_, v) => (typeof v === "bigint" ? String(v) : v));
  message.labelSets.sort(order);
  message.store?.tsdbInfos.sort(order);
  for (const api of ["rules", "metricMetadata", "targets", "exemplars", "query", "status"] as const)
    delete message[api];
  return message;
}

/** A recorded message decoded and encoded again by our own code; hints are not written. */
function rewrite(exchange: RecordedExchange, frame: Uint8Array): Uint8Array[] {
  switch (methodOf(exchange)) {
    case "Series":
      return rewriteSeries(frame);
    case "Info": {
      const info = fromInfoMessage(fromBinary(InfoResponseSchema, frame));
      return [toBinary(InfoResponseSchema, toInfoMessage(info))];
    }
    case "LabelNames": {
      const answer = fromLabelNamesAnswer(fromBinary(LabelNamesResponseSchema, frame));
      return [toBinary(LabelNamesResponseSchema, toLabelNamesAnswer(answer))];
    }
    case "LabelValues": {
      const answer = fromLabelValuesAnswer(fromBinary(LabelValuesResponseSchema, frame));
      return [toBinary(LabelValuesResponseSchema, toLabelValuesAnswer(answer))];
    }
    default:
      return [toBinary(HealthCheckResponseSchema, fromBinary(HealthCheckResponseSchema, frame))];
  }
}

function rewriteSeries(frame: Uint8Array): Uint8Array[] {
  const builder = new BatchBuilder();
  builder.add(frame);
  const batch = builder.take();
  const isBatch = fromBinary(SeriesResponseSchema, frame).result.case === "batch";
  const range = { from: 0, to: batch.count, batchSize: isBatch ? Math.max(2, batch.count) : 1 };
  const series = batch.count === 0 ? [] : deframe(encodeSeriesFrames(batch, range));
  return [...series, ...batch.warnings.flatMap((text) => deframe(encodeWarningFrame(text)))];
}

/** The recorded error, played to our client by a server, must come out with its status and text. */
async function compareClientError(
  exchange: RecordedExchange,
  recorded: CallResult,
): Promise<string | undefined> {
  const server = await replay(exchange);
  const endpoint = dialThanos({ address: `127.0.0.1:${(server.address() as AddressInfo).port}` });
  const ctx = createTestContext();
  try {
    const store = endpoint.store(() => ({
      labelSets: [],
      timeRange: { minMs: 0, maxMs: 1 },
      component: "store",
      supportsSharding: false,
      supportsWithoutReplicaLabels: true,
    }));
    for await (const batch of store.series(ctx, seriesRequest())) void batch;
    return `no error, wants status ${recorded.status}`;
  } catch (error) {
    const text = `code = ${grpcStatusName(Number(recorded.status))} desc = ${recorded.message}`;
    return messageOf(error).includes(text) ? undefined : `"${messageOf(error)}" lacks "${text}"`;
  } finally {
    await endpoint.close();
    server.close();
  }
}

function replay(exchange: RecordedExchange): Promise<Http2Server> {
  const server = createServer();
  server.on("stream", (stream) => {
    stream.respond({ ...exchange.headers }, { endStream: true });
    stream.on("error", () => undefined);
    stream.resume();
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}
