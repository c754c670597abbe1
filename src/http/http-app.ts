import { type Context, Hono } from "hono";
import type { HttpExchange } from "../runtime/http-server.ts";
import { createAdminApp } from "./admin-app.ts";
import { type ApiCall, observeExchange, type RouteHandler, type SentAnswer } from "./api-call.ts";
import type { HttpApiOptions } from "./api-options.ts";
import { createApiResponder } from "./api-responder.ts";
import { createChunkPool } from "./chunk-pool.ts";
import { createGateFactory, type Gate } from "./gate.ts";
import { createHttpMetrics } from "./http-metrics.ts";
import { indexPage } from "./index-page.ts";
import { requestIdOf } from "./request-id.ts";
import { createMetadataRoutes } from "./routes/metadata.ts";
import { createOperationsRoutes, sendText } from "./routes/operations.ts";
import { createQueryRoutes } from "./routes/query.ts";
import { createQueryTextRoutes } from "./routes/query-text.ts";
import { createStatusRoutes } from "./routes/status.ts";
import { sendResponse } from "./send-response.ts";

/** Chunks that are kept for the next answers: 8 MiB. */
const keptChunks = 128;

const defaultTenant = "default-tenant";

/** Answers HTTP requests, each through its exchange. Serve it with `listenHttp`. */
export interface HttpApp {
  handle(request: Request, exchange: HttpExchange): Promise<void>;
}

/** A route: its path, the methods it takes, and the name of its handler in metrics. */
interface Route {
  readonly path: string;
  readonly methods: readonly ("GET" | "POST" | "HEAD")[];
  readonly name: string;
  readonly handler: RouteHandler;
}

type Bindings = { readonly Bindings: { readonly exchange: HttpExchange } };

/** The Prometheus API with Thanos's parameters, probes, metrics and a small page at the root. */
export function createHttpApp(api: HttpApiOptions): HttpApp {
  const { metrics, clock, log, routePrefix } = api;
  const httpMetrics = createHttpMetrics(metrics);
  const responder = createApiResponder({
    pool: createChunkPool(keptChunks),
    memory: api.memory.account(),
    disableCors: api.disableCors,
    clock,
    log,
    cutAnswers: metrics.counter(
      "sluice_http_cut_answers_total",
      "Answers whose connection was reset because of an error after they had begun.",
    ),
  });
  const app = new Hono<Bindings>();
  const apiPrefix = `${routePrefix}/api/v1`;

  function run(name: string, handler: RouteHandler): (c: Context<Bindings>) => Promise<Response> {
    return async (c) => {
      const sent: SentAnswer = { status: 0, bytes: 0 };
      const request = c.req.raw;
      const tenant = c.req.header("thanos-tenant") ?? defaultTenant;
      const startMs = clock.monotonicMs();
      const end = httpMetrics.begin(name, request.method, tenant);
      const call: ApiCall = {
        request,
        exchange: observeExchange(c.env.exchange, sent),
        pathParameter: (parameter) => c.req.param(parameter) ?? "",
        requestId: requestIdOf(c.req.header("x-request-id") ?? null, clock.nowMs()),
        tenant,
      };
      try {
        await handler(call);
      } catch (error) {
        if (sent.status !== 0) throw error;
        responder.error(call.exchange, error, "execution");
      } finally {
        end({
          status: sent.status === 0 ? 500 : sent.status,
          seconds: (clock.monotonicMs() - startMs) / 1000,
          requestBytes: request.url.length + Number(c.req.header("content-length") ?? 0),
          responseBytes: sent.bytes,
        });
      }
      return answered;
    };
  }

  const admin = createAdminApp(api.live);
  const queryGate = createGateFactory({ kind: "queries", max: api.maxConcurrent, metrics, clock })();
  for (const { path, methods, name, handler } of routesOf(api, apiPrefix, responder, queryGate)) {
    const allow = [...methods.filter((method) => method !== "HEAD"), "OPTIONS"].sort().join(", ");
    const whole = run(name, handler);
    app.on([...methods], path, (c) =>
      (methods as readonly string[]).includes(c.req.raw.method) ? whole(c) : refuseMethod(c, allow),
    );
    if (path.startsWith(apiPrefix))
      app.options(
        path,
        run("options", async ({ exchange }) => responder.noContent(exchange)),
      );
    app.all(path, (c) => refuseMethod(c, allow));
  }
  app.options(
    `${apiPrefix}/*`,
    run("options", async ({ exchange }) => responder.noContent(exchange)),
  );
  app.notFound((c) => {
    sendText(c.env.exchange, 404, "404 page not found\n");
    return answered;
  });
  app.onError((error) => {
    throw error; // The server resets the connection and logs.
  });
  return {
    async handle(request, exchange) {
      if (api.admin && admin.handles(pathOf(request))) return admin.handle(request, exchange);
      const response = api.storeApi?.(request);
      if (response === undefined) await app.fetch(request, { exchange });
      else await sendResponse(exchange, await response);
    },
  };
}

function pathOf({ url }: Request): string {
  return new URL(url).pathname;
}

/** What Hono wants back; the answer itself went through the exchange. */
const answered = new Response(null);

function routesOf(
  api: HttpApiOptions,
  apiPrefix: string,
  responder: ReturnType<typeof createApiResponder>,
  gate: Gate,
): readonly Route[] {
  const query = createQueryRoutes(api, responder, gate);
  const queryText = createQueryTextRoutes(api, responder);
  const metadata = createMetadataRoutes(api, responder);
  const status = createStatusRoutes(api, responder);
  const operations = createOperationsRoutes(api.status, api.metrics);
  const get = ["GET"] as const;
  const form = ["GET", "POST"] as const;
  const page = ["GET", "HEAD"] as const;
  const { routePrefix } = api;
  const home: Route = {
    path: `${routePrefix}/`,
    methods: page,
    name: "index",
    handler: async ({ exchange }) =>
      sendText(exchange, 200, indexPage(routePrefix, api.build.version), "text/html; charset=utf-8"),
  };
  const toHome: Route = {
    path: "/",
    methods: page,
    name: "redirect",
    handler: async ({ exchange }) =>
      exchange.send({ status: 302, headers: { Location: `${routePrefix}/`, "Content-Length": "0" } }, []),
  };
  return [
    { path: `${apiPrefix}/query`, methods: form, name: "query", handler: query.instant },
    { path: `${apiPrefix}/query_range`, methods: form, name: "query_range", handler: query.range },
    { path: `${apiPrefix}/query_explain`, methods: form, name: "query", handler: query.explainInstant },
    { path: `${apiPrefix}/query_range_explain`, methods: form, name: "query", handler: query.explainRange },
    { path: `${apiPrefix}/format_query`, methods: form, name: "format_query", handler: queryText.format },
    { path: `${apiPrefix}/parse_query`, methods: form, name: "parse_query", handler: queryText.parse },
    { path: `${apiPrefix}/labels`, methods: form, name: "label_names", handler: metadata.labelNames },
    {
      path: `${apiPrefix}/label/:name/values`,
      methods: get,
      name: "label_values",
      handler: metadata.labelValues,
    },
    { path: `${apiPrefix}/series`, methods: form, name: "series", handler: metadata.series },
    { path: `${apiPrefix}/stores`, methods: get, name: "stores", handler: status.stores },
    { path: `${apiPrefix}/status/buildinfo`, methods: get, name: "status_build", handler: status.buildInfo },
    { path: `${apiPrefix}/status/flags`, methods: get, name: "status_flags", handler: status.flags },
    {
      path: `${apiPrefix}/status/runtimeinfo`,
      methods: get,
      name: "status_runtime",
      handler: status.runtimeInfo,
    },
    { path: "/-/healthy", methods: page, name: "healthy", handler: operations.healthy },
    { path: "/-/ready", methods: page, name: "ready", handler: operations.ready },
    { path: "/metrics", methods: page, name: "metrics", handler: operations.metrics },
    home,
    ...(routePrefix === "" ? [] : [toHome]),
  ];
}

function refuseMethod(c: Context<Bindings>, allow: string): Response {
  sendText(c.env.exchange, 405, "Method Not Allowed\n", undefined, { Allow: allow });
  return answered;
}
