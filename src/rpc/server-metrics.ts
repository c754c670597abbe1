import type { Metrics } from "../telemetry/metrics.ts";

export type RpcType = "unary" | "server_stream";

/** What one call tells. */
export interface RpcMeter {
  sent(messages: number): void;
  /** `code` as grpc-go spells it. Counts once. */
  handled(code: string): void;
}

export interface GrpcServerMetrics {
  started(type: RpcType, service: string, method: string): RpcMeter;
}

const buckets = [0.001, 0.01, 0.1, 0.3, 0.6, 1, 3, 6, 9, 20, 30, 60, 90, 120];

/** The `grpc_server_*` metrics that Thanos's dashboards and alerts read. */
export function createGrpcServerMetrics(metrics: Metrics, monotonicMs: () => number): GrpcServerMetrics {
  const started = metrics.counter("grpc_server_started_total", "Total number of RPCs started on the server.");
  const handled = metrics.counter(
    "grpc_server_handled_total",
    "Total number of RPCs completed on the server, regardless of success or failure.",
  );
  const received = metrics.counter(
    "grpc_server_msg_received_total",
    "Total number of RPC stream messages received on the server.",
  );
  const sent = metrics.counter(
    "grpc_server_msg_sent_total",
    "Total number of gRPC stream messages sent by the server.",
  );
  const seconds = metrics.histogram(
    "grpc_server_handling_seconds",
    "Histogram of response latency (seconds) of gRPC that had been application-level handled by the server.",
    buckets,
  );
  return {
    started(type, service, method) {
      const labels = { grpc_type: type, grpc_service: service, grpc_method: method };
      const startMs = monotonicMs();
      let open = true;
      started.add(1, labels);
      received.add(1, labels);
      return {
        sent: (messages) => sent.add(messages, labels),
        handled(code) {
          if (!open) return;
          open = false;
          handled.add(1, { ...labels, grpc_code: code });
          seconds.record((monotonicMs() - startMs) / 1000, labels);
        },
      };
    },
  };
}
