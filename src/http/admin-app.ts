import { formatGoDuration } from "../model/go-duration.ts";
import type { HttpExchange } from "../runtime/http-server.ts";
import type { ListedQuery, LiveQueries } from "./live-queries.ts";

const queriesPath = "/api/v1/status/queries";

/** Answers requests for the list of running queries and for the end of one of them. */
export interface AdminApp {
  /** Whether the path is one of this app's. */
  handles(path: string): boolean;
  handle(request: Request, exchange: HttpExchange): Promise<void>;
}

/** What operators do to a gateway: see what runs, and end it. */
export function createAdminApp(live: LiveQueries): AdminApp {
  return {
    handles: (path) => path === queriesPath || path.startsWith(`${queriesPath}/`),
    async handle(request, exchange) {
      const path = new URL(request.url).pathname;
      if (path === queriesPath) {
        if (request.method !== "GET" && request.method !== "HEAD") return refuseMethod(exchange, "GET, HEAD");
        return send(exchange, 200, { status: "success", data: live.list().map(listed) });
      }
      if (!path.startsWith(`${queriesPath}/`)) return send(exchange, 404, notFound(`no path ${path}`));
      if (request.method !== "DELETE") return refuseMethod(exchange, "DELETE");
      const id = decodeURIComponent(path.slice(queriesPath.length + 1));
      if (!live.kill(id)) return send(exchange, 404, notFound(`no query ${id} is running`));
      send(exchange, 200, { status: "success" });
    },
  };
}

function listed({ startMs, runningMs, heldBytes, clusters, ...query }: ListedQuery): unknown {
  return {
    ...query,
    start: new Date(startMs).toISOString(),
    running: formatGoDuration(runningMs),
    heldBytes,
    clusters: clusters.map(({ cluster, state, reason }) => ({
      name: cluster,
      state,
      ...(reason === "" ? {} : { reason }),
    })),
  };
}

function notFound(error: string): unknown {
  return { status: "error", errorType: "not_found", error };
}

function refuseMethod(exchange: HttpExchange, allow: string): void {
  send(
    exchange,
    405,
    { status: "error", errorType: "bad_data", error: `method not allowed, wants ${allow}` },
    allow,
  );
}

function send(exchange: HttpExchange, status: number, body: unknown, allow?: string): void {
  const headers = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    ...(allow === undefined ? {} : { Allow: allow }),
  };
  exchange.send({ status, headers }, [new TextEncoder().encode(JSON.stringify(body))]);
}
