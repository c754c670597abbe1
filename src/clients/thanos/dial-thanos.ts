import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { GatewayError } from "../../lib/errors.ts";
import { createSlabPool, type SlabPool } from "../../lib/slab-pool.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { createHttp2Client } from "../../runtime/http2-client.ts";
import { ipFamily } from "../../runtime/ip-address.ts";
import type { ClientTls } from "../../runtime/tls.ts";
import type { Endpoint, EndpointInfo } from "../../store/endpoint.ts";
import type { QueryContext, SeriesRequest, Store, StoreInfo } from "../../store/store.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import {
  HealthCheckRequestSchema,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
} from "../../wire/gen/grpc/health/v1/health_pb.ts";
import { InfoRequestSchema, InfoResponseSchema } from "../../wire/gen/thanos/info/info_pb.ts";
import {
  LabelNamesRequestSchema,
  LabelNamesResponseSchema,
  LabelValuesRequestSchema,
  LabelValuesResponseSchema,
} from "../../wire/gen/thanos/store_pb.ts";
import { fromInfoMessage } from "../../wire/info-response.ts";
import { toInt64 } from "../../wire/int64.ts";
import {
  fromLabelNamesAnswer,
  fromLabelValuesAnswer,
  toLabelNamesMessage,
  toLabelValuesMessage,
  type WireLabelAnswer,
} from "../../wire/label-request.ts";
import { encodeSeriesRequest } from "../../wire/series-request.ts";
import { createGrpcClientMetrics } from "./client-metrics.ts";
import type { GrpcChannel } from "./grpc-call.ts";
import { statusError } from "./grpc-errors.ts";
import { callUnary } from "./grpc-unary.ts";
import { readSeriesStream } from "./series-stream.ts";
import { silenceLimitMs } from "./silence-timer.ts";

export interface DialOptions {
  /** `host:port`. */
  readonly address: string;
  /** The name that the address was found under: what its certificate must be for, and its `:authority`. */
  readonly host?: string | undefined;
  /** Read anew for each connection; `undefined` for plain text. */
  readonly tls?: (() => ClientTls | undefined) | undefined;
  /** Calls `listener` when `tls` may have changed: connections to a server that it trusts no more are drained then. */
  readonly onTlsChange?: ((listener: () => void) => () => void) | undefined;
  /** `--store.response-timeout`: how long a store may be silent within a stream; 0 for any time. */
  readonly responseTimeoutMs?: number | undefined;
  /** What one stream may send ahead of its reader; read anew for each connection. See `streamWindowFor`. */
  readonly streamWindowBytes?: (() => number) | undefined;
  readonly connectTimeoutMs?: number | undefined;
  readonly maxMessageBytes?: number | undefined;
  /** Where batches have their bytes; by default one pool for all endpoints. */
  readonly slabs?: SlabPool | undefined;
  readonly metrics?: Metrics | undefined;
  readonly clock?: Clock | undefined;
}

/** An Endpoint that can also be asked for its health. */
export interface ThanosEndpoint extends Endpoint {
  /** grpc.health.v1 for the whole server; false for any state but SERVING. */
  isServing(ctx: Pick<QueryContext, "signal" | "deadlineMs">): Promise<boolean>;
}

/** Series in one frame that peers are asked for, as Thanos's own querier does. */
const responseBatchSize = 64;

/** What some streams of messages of megabytes have in hand, so that none of it is made anew for the next query. */
const sharedSlabs = createSlabPool(24 * 1024 * 1024);
const defaultWindowBytes = 1024 * 1024;
const defaultMaxMessageBytes = 256 * 1024 * 1024;

/** What one stream may send ahead: a share of the memory limit when every source is read by eight queries at once. */
export function streamWindowFor(memoryLimitBytes: number, sources: number): number {
  const share = Math.floor(memoryLimitBytes / (8 * Math.max(1, sources)));
  return Math.min(Math.max(share, 64 * 1024), 1024 * 1024);
}

/** A peer that speaks Thanos's gRPC services. Nothing is sent before the first call. */
export function dialThanos(options: DialOptions): ThanosEndpoint {
  const { address } = options;
  const host = options.host === undefined || ipFamily(options.host) !== 0 ? undefined : options.host;
  const tls = () => namedTls(options.tls?.(), host);
  const windowBytes = options.streamWindowBytes ?? (() => defaultWindowBytes);
  const client = createHttp2Client({
    onTlsChange: options.onTlsChange,
    connection: () => ({
      address,
      tls: tls(),
      streamWindowBytes: windowBytes(),
      connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
      pingIntervalMs: 10_500,
      pingTimeoutMs: 5_000,
    }),
  });
  const channel: GrpcChannel = {
    address,
    client,
    authority: options.tls?.()?.serverName ?? authorityOf(host, address),
    maxMessageBytes: options.maxMessageBytes ?? defaultMaxMessageBytes,
    metrics: createGrpcClientMetrics(options.metrics ?? noMetrics),
    clock: options.clock ?? systemClock,
  };
  return {
    address,
    fetchInfo: (ctx) => fetchInfo(channel, ctx),
    isServing: (ctx) => isServing(channel, ctx),
    store: (info) =>
      createStore(channel, info, {
        responseTimeoutMs: options.responseTimeoutMs ?? 0,
        slabs: options.slabs ?? sharedSlabs,
      }),
    close: (graceMs = 0) => client.close(graceMs),
  };
}

function namedTls(tls: ClientTls | undefined, host: string | undefined): ClientTls | undefined {
  return tls === undefined || tls.serverName !== undefined ? tls : { ...tls, serverName: host };
}

/** The name with the address's port; `undefined` where the address says it all. */
function authorityOf(host: string | undefined, address: string): string | undefined {
  return host === undefined ? undefined : `${host}${address.slice(address.lastIndexOf(":"))}`;
}

type CallContext = Pick<QueryContext, "signal" | "deadlineMs">;

async function fetchInfo(channel: GrpcChannel, ctx: CallContext): Promise<EndpointInfo> {
  try {
    const message = toBinary(InfoRequestSchema, { $typeName: "thanos.info.InfoRequest" });
    const bytes = await callUnary(channel, { ...ctx, path: "/thanos.info.Info/Info", message, metadata: {} });
    return fromInfoMessage(decode(channel, "InfoResponse", () => fromBinary(InfoResponseSchema, bytes)));
  } catch (error) {
    const cause = GatewayError.from(error);
    if (/^rpc error: code = Unimplemented /.test(cause.message)) {
      throw new GatewayError("unavailable", "cannot obtain metadata: neither info nor store client found", {
        cause,
      });
    }
    if (cause.code === "canceled" && ctx.signal.aborted) throw cause;
    throw cause.code === "unavailable" ? cause : new GatewayError("unavailable", cause.message, { cause });
  }
}

async function isServing(channel: GrpcChannel, ctx: CallContext): Promise<boolean> {
  const message = toBinary(HealthCheckRequestSchema, {
    $typeName: "grpc.health.v1.HealthCheckRequest",
    service: "",
  });
  const bytes = await callUnary(channel, {
    ...ctx,
    path: "/grpc.health.v1.Health/Check",
    message,
    metadata: {},
  });
  const { status } = decode(channel, "HealthCheckResponse", () =>
    fromBinary(HealthCheckResponseSchema, bytes),
  );
  return status === HealthCheckResponse_ServingStatus.SERVING;
}

interface StoreOptions {
  readonly responseTimeoutMs: number;
  readonly slabs: SlabPool;
}

function createStore(channel: GrpcChannel, info: () => StoreInfo, options: StoreOptions): Store {
  return {
    name: channel.address,
    info,
    series: (ctx, request) =>
      readSeriesStream(channel, ctx, {
        message: encodedOnce(request),
        responseTimeoutMs: options.responseTimeoutMs,
        slabs: options.slabs,
        clientText: () => clientText(channel.address, info()),
      }),
    async labelNames(ctx, request) {
      const message = toBinary(LabelNamesRequestSchema, toLabelNamesMessage(request));
      const bytes = await callUnary(channel, {
        ...callContext(ctx, options.responseTimeoutMs, channel.clock),
        path: "/thanos.Store/LabelNames",
        message,
      });
      return labelAnswer(
        ctx,
        decode(channel, "LabelNamesResponse", () =>
          fromLabelNamesAnswer(fromBinary(LabelNamesResponseSchema, bytes)),
        ),
      );
    },
    async labelValues(ctx, request) {
      if (request.label === "") throw new GatewayError("bad_data", "label name parameter cannot be empty");
      const message = toBinary(LabelValuesRequestSchema, toLabelValuesMessage(request));
      const bytes = await callUnary(channel, {
        ...callContext(ctx, options.responseTimeoutMs, channel.clock),
        path: "/thanos.Store/LabelValues",
        message,
      });
      return labelAnswer(
        ctx,
        decode(channel, "LabelValuesResponse", () =>
          fromLabelValuesAnswer(fromBinary(LabelValuesResponseSchema, bytes)),
        ),
      );
    },
  };
}

/** A label call is one message: it may take as long as a stream may be silent. */
function callContext(
  { signal, deadlineMs, metadata }: QueryContext,
  responseTimeoutMs: number,
  clock: Clock,
) {
  const nowMs = clock.nowMs();
  const limitMs = silenceLimitMs(responseTimeoutMs, deadlineMs, nowMs);
  return { signal, metadata, deadlineMs: limitMs === Number.POSITIVE_INFINITY ? undefined : nowMs + limitMs };
}

function labelAnswer(ctx: QueryContext, answer: WireLabelAnswer): readonly string[] {
  for (const warning of answer.warnings) ctx.warn(warning);
  if (answer.clusters.length > 0) ctx.completeness?.add(() => answer.clusters);
  return answer.values;
}

/** The request that was encoded last: a federation sends the same one to all its members. */
let encoded: { readonly request: SeriesRequest; readonly message: Uint8Array } | undefined;

function encodedOnce(request: SeriesRequest): Uint8Array {
  if (encoded?.request !== request) {
    encoded = { request, message: encodeSeriesRequest({ ...request, responseBatchSize }) };
  }
  return encoded.message;
}

/** The peer as Thanos prints it in warnings. */
function clientText(address: string, { timeRange }: StoreInfo): string {
  return `Addr: ${address} MinTime: ${toInt64(timeRange.minMs)} MaxTime: ${toInt64(timeRange.maxMs)}`;
}

function decode<T>(channel: GrpcChannel, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw statusError(13, `${channel.address} answers with bytes that are no ${what}`, error);
  }
}
