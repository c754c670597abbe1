import type { Counter, Metrics } from "../../telemetry/metrics.ts";

export type GrpcCallType = "unary" | "server_stream";

/** What one call tells. */
export interface CallMeter {
  received(messages: number): void;
  /** `code` as grpc-go spells it, e.g. `OK`. */
  handled(code: string, seconds: number): void;
}

/** The calls of one method. */
interface MethodMeter extends CallMeter {
  begin(): void;
}

export interface GrpcClientMetrics {
  started(type: GrpcCallType, path: string): CallMeter;
}

const buckets = [0.001, 0.01, 0.1, 0.3, 0.6, 1, 3, 6, 9, 20, 30, 60, 90, 120, 240, 360, 720];

/** The `grpc_client_*` metrics that Thanos's dashboards and alerts read. */
export function createGrpcClientMetrics(metrics: Metrics): GrpcClientMetrics {
  const started = metrics.counter("grpc_client_started_total", "Total number of RPCs started on the client.");
  const handled = metrics.counter(
    "grpc_client_handled_total",
    "Total number of RPCs completed by the client, regardless of success or failure.",
  );
  const received = metrics.counter(
    "grpc_client_msg_received_total",
    "Total number of RPC stream messages received by the client.",
  );
  const sent = metrics.counter(
    "grpc_client_msg_sent_total",
    "Total number of gRPC stream messages sent by the client.",
  );
  const seconds = metrics.histogram(
    "grpc_client_handling_seconds",
    "Histogram of response latency (seconds) of the gRPC until it is finished by the application.",
    buckets,
  );
  const meterOf = (type: GrpcCallType, path: string): MethodMeter => {
    const [, service = "", method = ""] = path.split("/");
    const labels = { grpc_type: type, grpc_service: service, grpc_method: method };
    const begun = started.with(labels);
    const asked = sent.with(labels);
    const answers = received.with(labels);
    const took = seconds.with(labels);
    const codes = new Map<string, ReturnType<Counter["with"]>>();
    return {
      begin() {
        begun.add(1);
        asked.add(1);
      },
      received: (messages) => answers.add(messages),
      handled(code, tookSeconds) {
        const ended = codes.get(code) ?? handled.with({ ...labels, grpc_code: code });
        codes.set(code, ended);
        ended.add(1);
        took.record(tookSeconds);
      },
    };
  };
  // A method is called as one type only.
  const meters = new Map<string, MethodMeter>();
  return {
    started(type, path) {
      const meter = meters.get(path) ?? meterOf(type, path);
      meters.set(path, meter);
      meter.begin();
      return meter;
    },
  };
}
