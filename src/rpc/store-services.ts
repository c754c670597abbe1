import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { GatewayError } from "../lib/errors.ts";
import { createMatcher } from "../model/matches.ts";
import { encodeCompletenessFrame } from "../wire/completeness-hint.ts";
import { Health, HealthCheckResponse_ServingStatus } from "../wire/gen/grpc/health/v1/health_pb.ts";
import { Info } from "../wire/gen/thanos/info/info_pb.ts";
import { type SeriesResponse, SeriesResponseSchema, Store } from "../wire/gen/thanos/store_pb.ts";
import { createDeframer } from "../wire/grpc-frames.ts";
import { grpcStatusName } from "../wire/grpc-headers.ts";
import { toInfoMessage } from "../wire/info-response.ts";
import {
  fromLabelNamesMessage,
  fromLabelValuesMessage,
  toLabelNamesAnswer,
  toLabelValuesAnswer,
  type WireLabelRequest,
} from "../wire/label-request.ts";
import { SeriesFramer } from "../wire/series-framer.ts";
import { fromSeriesRequestMessage, type WireSeriesRequest } from "../wire/series-request.ts";
import { type Call, openCall } from "./call-context.ts";
import { connectErrorOf, isProgrammersError } from "./grpc-failure.ts";
import { toSeriesRequest } from "./serve-series.ts";
import type { ServedStore } from "./served-store.ts";
import type { RpcType } from "./server-metrics.ts";

/** Adds Info, Store and Health to a router; all protocols that the router knows. */
export function addStoreServices(router: ConnectRouter, served: ServedStore): void {
  router.service(Info, {
    info: (_request, context) =>
      unary(served, context, async () => {
        const info = served.info();
        if (info === undefined) throw new GatewayError("unavailable", "Not ready");
        return toInfoMessage(info);
      }),
  });
  router.service(Store, {
    series: (request, context) => streamSeries(served, context, fromSeriesRequestMessage(request)),
    labelNames: (request, context) =>
      unary(served, context, async (call) => {
        const wanted = toLabelRequest(fromLabelNamesMessage(request));
        const values = await served.store.labelNames(call.ctx, wanted);
        return toLabelNamesAnswer({ values, warnings: call.takeWarnings(), clusters: call.clusters() });
      }),
    labelValues: (request, context) =>
      unary(served, context, async (call) => {
        const { label, ...rest } = fromLabelValuesMessage(request);
        const values = await served.store.labelValues(call.ctx, { ...toLabelRequest(rest), label });
        return toLabelValuesAnswer({ values, warnings: call.takeWarnings(), clusters: call.clusters() });
      }),
  });
  router.service(Health, {
    check: (request, context) =>
      unary(served, context, async () => {
        const status = servingStatus(served, request.service);
        if (status === undefined) throw new ConnectError("unknown service", Code.NotFound);
        return { status };
      }),
    watch: (request, context) => watchHealth(served, context, request.service),
    list: (_request, context) =>
      unary(served, context, async () => ({
        statuses: Object.fromEntries(
          [...healthServices].map((name) => [name, { status: currentStatus(served) }]),
        ),
      })),
  });
}

/** Names that the health service answers for. */
const healthServices: ReadonlySet<string> = new Set(["", Info.typeName, Store.typeName]);
const healthPollMs = 500;

function currentStatus(served: ServedStore): HealthCheckResponse_ServingStatus {
  const { SERVING, NOT_SERVING } = HealthCheckResponse_ServingStatus;
  return served.health() ? SERVING : NOT_SERVING;
}

function servingStatus(served: ServedStore, service: string): HealthCheckResponse_ServingStatus | undefined {
  return healthServices.has(service) ? currentStatus(served) : undefined;
}

async function* watchHealth(served: ServedStore, context: HandlerContext, service: string) {
  const meter = served.metrics.started("server_stream", context.service.typeName, context.method.name);
  let last: HealthCheckResponse_ServingStatus | undefined;
  try {
    while (!context.signal.aborted) {
      const status = servingStatus(served, service) ?? HealthCheckResponse_ServingStatus.SERVICE_UNKNOWN;
      if (status !== last) {
        last = status;
        meter.sent(1);
        yield { status };
      }
      await served.clock.sleep(healthPollMs, context.signal);
    }
  } catch (error) {
    if (!context.signal.aborted) throw error;
  } finally {
    meter.handled("Canceled");
  }
}

function toLabelRequest(request: WireLabelRequest) {
  for (const matcher of request.matchers) createMatcher(matcher);
  return { ...request, storeMatchers: [] };
}

function open(served: ServedStore, context: HandlerContext): Call {
  return openCall({
    signal: context.signal,
    timeoutMs: context.timeoutMs(),
    header: (name) => context.requestHeader.get(name) ?? undefined,
    memory: served.memory(),
    clock: served.clock,
  });
}

function start(served: ServedStore, context: HandlerContext, type: RpcType) {
  return served.metrics.started(type, context.service.typeName, context.method.name);
}

async function unary<T>(
  served: ServedStore,
  context: HandlerContext,
  answer: (call: Call) => Promise<T>,
): Promise<T> {
  const call = open(served, context);
  const meter = start(served, context, "unary");
  try {
    const result = await answer(call);
    meter.sent(1);
    meter.handled("OK");
    return result;
  } catch (error) {
    throw failed(served, context, call, { error, handled: meter.handled });
  } finally {
    call.close();
  }
}

function failed(
  served: ServedStore,
  context: HandlerContext,
  call: Call,
  { error, handled }: { readonly error: unknown; handled(code: string): void },
): ConnectError {
  const failure = call.failureOf(error);
  handled(grpcStatusName(failure.status));
  if (isProgrammersError(error)) served.log.error(`${context.method.name} failed`, { error });
  return connectErrorOf(failure);
}

/** Series for callers that speak Connect or gRPC-Web, or that compress. */
async function* streamSeries(
  served: ServedStore,
  context: HandlerContext,
  request: WireSeriesRequest,
): AsyncGenerator<SeriesResponse> {
  const call = open(served, context);
  const meter = start(served, context, "server_stream");
  const deframer = createDeframer({ limitBytes: 2 ** 32 });
  const framer = new SeriesFramer(request.responseBatchSize);
  const responses = (frames: Uint8Array | undefined) => {
    const messages: Uint8Array[] = [];
    if (frames !== undefined) deframer.push(frames, messages);
    meter.sent(messages.length);
    return messages.map((message) => fromBinary(SeriesResponseSchema, message));
  };
  const warn = (warnings: readonly string[]) => {
    if (warnings[0] !== undefined && request.partialResponse === "abort") {
      throw new GatewayError("aborted", warnings[0]);
    }
    return warnings.length === 0 ? [] : [...responses(framer.flush()), ...warnings.map(warningResponse)];
  };
  try {
    for await (const batch of served.store.series(call.ctx, toSeriesRequest(request))) {
      yield* warn([...call.takeWarnings(), ...batch.warnings]);
      yield* responses(framer.push(batch));
    }
    yield* warn(call.takeWarnings());
    yield* responses(framer.flush());
    if (call.clusters().length > 0) yield* responses(encodeCompletenessFrame(call.clusters()));
    meter.handled("OK");
  } catch (error) {
    throw failed(served, context, call, { error, handled: meter.handled });
  } finally {
    meter.handled("Canceled");
    call.close();
  }
}

function warningResponse(value: string): SeriesResponse {
  return { $typeName: "thanos.SeriesResponse", result: { case: "warning", value } };
}
