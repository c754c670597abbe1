import type { HttpExchange } from "../../runtime/http-server.ts";
import type { ComponentStatus } from "../../telemetry/component-status.ts";
import type { MetricsRegistry } from "../../telemetry/create-metrics.ts";
import type { RouteHandler } from "../api-call.ts";

export interface OperationsRoutes {
  readonly healthy: RouteHandler;
  readonly ready: RouteHandler;
  readonly metrics: RouteHandler;
}

/** What probes and scrapes read. */
export function createOperationsRoutes(status: ComponentStatus, metrics: MetricsRegistry): OperationsRoutes {
  return {
    async healthy({ exchange }) {
      sendProbe(exchange, status.isHealthy());
    },
    async ready({ exchange }) {
      sendProbe(exchange, status.isReady());
    },
    async metrics({ exchange }) {
      sendText(exchange, 200, await metrics.scrape(), "text/plain; version=0.0.4; charset=utf-8");
    },
  };
}

function sendProbe(exchange: HttpExchange, good: boolean): void {
  sendText(exchange, good ? 200 : 503, good ? "OK" : "NOT OK");
}

/** Sends a text that is no JSON. */
export function sendText(
  exchange: HttpExchange,
  status: number,
  text: string,
  contentType = "text/plain; charset=utf-8",
  headers: Readonly<Record<string, string>> = {},
): void {
  exchange.send({ status, headers: { "Content-Type": contentType, ...headers } }, [
    new TextEncoder().encode(text),
  ]);
}
