import type { HttpExchange } from "../runtime/http-server.ts";
import type { ComponentStatus } from "../telemetry/component-status.ts";
import type { MetricsRegistry } from "../telemetry/create-metrics.ts";
import { sendText } from "./routes/operations.ts";

export interface OperationsAppOptions {
  readonly status: ComponentStatus;
  readonly metrics: MetricsRegistry;
  /** One sentence on what is missing while the component is not ready. */
  readonly trouble: () => string | undefined;
}

/** Probes and metrics alone, for a component that has no HTTP API. Its `handle` is a server's. */
export function createOperationsApp({ status, metrics, trouble }: OperationsAppOptions): {
  handle(request: Request, exchange: HttpExchange): Promise<void>;
} {
  const probe = (exchange: HttpExchange, good: boolean) => {
    const reason = good ? undefined : trouble();
    sendText(
      exchange,
      good ? 200 : 503,
      good ? "OK" : `NOT OK${reason === undefined ? "" : `\n${reason}\n`}`,
    );
  };
  return {
    async handle(request, exchange) {
      if (request.method !== "GET" && request.method !== "HEAD") {
        return sendText(exchange, 405, "Method Not Allowed\n", undefined, { Allow: "GET, HEAD" });
      }
      switch (new URL(request.url).pathname) {
        case "/-/healthy":
          return probe(exchange, status.isHealthy());
        case "/-/ready":
          return probe(exchange, status.isReady());
        case "/metrics":
          return sendText(exchange, 200, await metrics.scrape(), "text/plain; version=0.0.4; charset=utf-8");
        default:
          return sendText(exchange, 404, "404 page not found\n");
      }
    },
  };
}

/** Probes alone: what a load balancer or a failover record reads. Tells nothing else. */
export function createHealthApp(
  status: ComponentStatus,
): (request: Request, exchange: HttpExchange) => Promise<void> {
  return async (request, exchange) => {
    if (request.method !== "GET" && request.method !== "HEAD")
      return sendText(exchange, 405, "Method Not Allowed\n", undefined, { Allow: "GET, HEAD" });
    const { pathname } = new URL(request.url);
    if (pathname !== "/-/healthy" && pathname !== "/-/ready")
      return sendText(exchange, 404, "404 page not found\n");
    const good = pathname === "/-/healthy" ? status.isHealthy() : status.isReady();
    sendText(exchange, good ? 200 : 503, good ? "OK" : "NOT OK");
  };
}
