import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createAdminApp } from "../../src/http/admin-app.ts";
import { createLiveQueries } from "../../src/http/live-queries.ts";
import { createHealthApp } from "../../src/http/operations-app.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Selectable } from "../../src/store/samples.ts";
import { createComponentStatus } from "../../src/telemetry/component-status.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { createTestApi } from "../support/http-api.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { createMemoryExchange } from "../support/memory-exchange.ts";

const test = suite("operators' paths");

// The server's own timers do not keep a process up.
let alive: ReturnType<typeof setInterval>;
test.before(() => {
  alive = setInterval(() => undefined, 1_000);
});
test.after(() => clearInterval(alive));

/** Answers one series, then waits until it is closed or its query ends. */
function endless(): Selectable & { readonly ended: Promise<unknown> } {
  const ended = Promise.withResolvers<unknown>();
  return {
    ended: ended.promise,
    select(ctx) {
      let first = true;
      return {
        next() {
          if (first) {
            first = false;
            const values = Float64Array.of(1);
            return {
              labels: { get: () => "", all: () => labelsOf({ a: "1" }) },
              length: 1,
              timesMs: Float64Array.of(0),
              values,
              words: new Uint32Array(values.buffer),
              hasStale: false,
              histograms: undefined,
              startTimesMs: undefined,
            };
          }
          return new Promise((_resolve, reject) => {
            ctx.signal.addEventListener("abort", () => {
              ended.resolve(ctx.signal.reason);
              reject(ctx.signal.reason);
            });
          });
        },
        close: async () => undefined,
      };
    },
  };
}

async function ask(app: ReturnType<typeof createAdminApp>, method: string, path: string) {
  const exchange = createMemoryExchange();
  await app.handle(new Request(`http://admin${path}`, { method }), exchange);
  return exchange.answer.then(({ status, text }) => ({ status, body: JSON.parse(text) }));
}

test("running queries are listed, and end when they are deleted", async () => {
  const source = endless();
  const api = createTestApi({ select: () => source });
  const admin = createAdminApp(api.options.live);
  assert.equal((await ask(admin, "GET", "/api/v1/status/queries")).body.data, []);
  const answering = api.ask("/api/v1/query?query=sum(up)&time=0", {
    headers: { "thanos-tenant": "team-a", "x-request-id": "r1" },
  });
  await systemClock.sleep(10);
  const { status, body } = await ask(admin, "GET", "/api/v1/status/queries");
  assert.is(status, 200);
  const [{ id, start, running, heldBytes, ...query }] = body.data;
  assert.equal(query, {
    kind: "query",
    text: "sum(up)",
    client: "127.0.0.1",
    tenant: "team-a",
    requestId: "r1",
    clusters: [],
  });
  assert.match(start, /^20\d\d-/);
  assert.match(running, /^[\d.]+ms$/);
  assert.ok(heldBytes > 0);
  assert.is((await ask(admin, "DELETE", `/api/v1/status/queries/${id}`)).status, 200);
  await source.ended;
  const answer = await answering;
  assert.is(answer.status, 503);
  assert.match(answer.text, /"errorType":"canceled"/);
  assert.equal((await ask(admin, "GET", "/api/v1/status/queries")).body.data, []);
});

test("what cannot be ended is told apart", async () => {
  const admin = createAdminApp(createLiveQueries(createManualClock()));
  const cases: readonly [string, string, number, RegExp][] = [
    ["DELETE", "/api/v1/status/queries/17", 404, /no query 17 is running/],
    ["GET", "/api/v1/status/queries/17", 405, /wants DELETE/],
    ["POST", "/api/v1/status/queries", 405, /wants GET, HEAD/],
    ["GET", "/other", 404, /no path \/other/],
  ];
  for (const [method, path, status, text] of cases) {
    const answer = await ask(admin, method, path);
    assert.is(answer.status, status, path);
    assert.match(answer.body.error, text);
  }
});

test("the public port knows these paths only where it is told to", async () => {
  assert.is((await createTestApi().ask("/api/v1/status/queries")).status, 404);
  assert.is((await createTestApi({ admin: true }).ask("/api/v1/status/queries")).status, 200);
});

test("the health listener answers probes and nothing else", async () => {
  const status = createComponentStatus("query", noMetrics);
  const health = createHealthApp(status);
  const get = async (path: string, method = "GET") => {
    const exchange = createMemoryExchange();
    await health(new Request(`http://health${path}`, { method }), exchange);
    const { status: code, text } = await exchange.answer;
    return `${code} ${text.trim()}`;
  };
  assert.is(await get("/-/ready"), "503 NOT OK");
  status.setReady(true);
  assert.is(await get("/-/ready"), "200 OK");
  assert.is(await get("/-/healthy"), "503 NOT OK");
  assert.is(await get("/metrics"), "404 404 page not found");
  assert.is(await get("/api/v1/query?query=up"), "404 404 page not found");
  assert.is(await get("/-/ready", "POST"), "405 Method Not Allowed");
});

test.run();
