import { suite } from "uvu";
import * as assert from "uvu/assert";
import { labelsOf } from "../../src/model/labels.ts";
import { allTime } from "../../src/model/time-range.ts";
import { createTestApi } from "../support/http-api.ts";

const app = suite("http app");

for (const [method, path, status, allow] of [
  ["PUT", "/api/v1/query", 405, "GET, OPTIONS, POST"],
  ["DELETE", "/api/v1/labels", 405, "GET, OPTIONS, POST"],
  ["HEAD", "/api/v1/labels", 405, "GET, OPTIONS, POST"],
  ["POST", "/api/v1/stores", 405, "GET, OPTIONS"],
  ["GET", "/api/v1/nothing", 404, undefined],
  ["GET", "/nothing", 404, undefined],
  ["OPTIONS", "/api/v1/query", 204, undefined],
  ["OPTIONS", "/api/v1/anything/at/all", 204, undefined],
  ["GET", "/", 200, undefined],
  ["HEAD", "/-/healthy", 503, undefined],
] as const) {
  app(`${method} ${path} answers ${status}`, async () => {
    const answer = await createTestApi().ask(path, { method });
    assert.is(answer.status, status);
    assert.is(answer.headers.Allow, allow);
  });
}

app("pages of other origins may read answers unless that is switched off", async () => {
  const open = await createTestApi().ask("/api/v1/query?query=1");
  assert.is(open.headers["Access-Control-Allow-Origin"], "*");
  const shut = await createTestApi({ disableCors: true }).ask("/api/v1/query?query=1");
  assert.is(shut.headers["Access-Control-Allow-Origin"], undefined);
  assert.is(shut.headers.Vary, "Accept-Encoding");
});

app("probes say whether the component is healthy and ready", async () => {
  const api = createTestApi();
  assert.is((await api.ask("/-/ready")).status, 503);
  assert.is((await api.ask("/-/ready")).text, "NOT OK");
  api.options.status.setReady(true);
  api.options.status.setHealthy(true);
  const ready = await api.ask("/-/ready");
  assert.equal(
    [ready.status, ready.text, ready.headers],
    [200, "OK", { "Content-Type": "text/plain; charset=utf-8" }],
  );
  assert.is((await api.ask("/-/healthy")).status, 200);
  assert.match(await api.options.metrics.scrape(), '\nthanos_status{component="query",check="ready"} 1\n');
});

app("requests are counted by handler, code, method and tenant", async () => {
  const api = createTestApi();
  await api.ask("/api/v1/query?query=1");
  await api.ask("/api/v1/query?query=(", { headers: { "THANOS-TENANT": "team-a" } });
  const text = (await api.ask("/metrics")).text;
  assert.match(
    text,
    '\nhttp_requests_total{code="200",handler="query",method="get",tenant="default-tenant"} 1\n',
  );
  assert.match(text, '\nhttp_requests_total{code="400",handler="query",method="get",tenant="team-a"} 1\n');
  assert.match(
    text,
    '\nhttp_request_duration_seconds_bucket{code="200",handler="query",method="get",tenant="default-tenant",le="720"} 1\n',
  );
  assert.match(text, '\nhttp_inflight_requests{handler="query",method="get",tenant="team-a"} 0\n');
});

app("stores are told by component, without those whose component is not known", async () => {
  const endpoint = {
    lastCheckMs: 1_793_491_200_500,
    lastError: undefined,
    labelSets: [labelsOf({ cluster: "a" })],
    timeRange: { minMs: 1_000, maxMs: Number.POSITIVE_INFINITY },
  };
  const { ask } = createTestApi({
    endpoints: () => [
      { ...endpoint, name: "b:1", component: "sidecar" },
      { ...endpoint, name: "a:1", component: "sidecar", lastError: 'no "answer"', timeRange: allTime },
      { ...endpoint, name: "c:1", component: undefined },
    ],
  });
  const answer = await ask("/api/v1/stores");
  const shared = '"labelSets":[{"cluster":"a"}]';
  assert.is(
    answer.text,
    `{"status":"success","data":{"sidecar":[{"name":"a:1","lastCheck":"2026-11-01T00:00:00.5Z","lastError":"no \\"answer\\"",${shared},"minTime":-9223372036854775808,"maxTime":9223372036854775807},` +
      `{"name":"b:1","lastCheck":"2026-11-01T00:00:00.5Z","lastError":null,${shared},"minTime":1000,"maxTime":9223372036854775807}]}}`,
  );
  assert.is((await createTestApi().ask("/api/v1/stores")).text, '{"status":"success","data":{}}');
});

app("build, flags and runtime have Thanos's fields", async () => {
  const { ask } = createTestApi({ flags: { "query.timeout": "2m", endpoint: "a:1,b:1" } });
  const data = async (path: string) => (JSON.parse((await ask(path)).text) as { data: object }).data;
  assert.equal(Object.keys(await data("/api/v1/status/buildinfo")), [
    "version",
    "revision",
    "branch",
    "buildUser",
    "buildDate",
    "goVersion",
  ]);
  assert.equal(await data("/api/v1/status/flags"), { endpoint: "a:1,b:1", "query.timeout": "2m" });
  assert.equal(Object.keys(await data("/api/v1/status/runtimeinfo")), [
    "startTime",
    "CWD",
    "goroutineCount",
    "GOMAXPROCS",
    "GOGC",
    "GODEBUG",
    "GOMEMLIMIT",
  ]);
});

app("a route prefix goes before everything but probes and metrics", async () => {
  const { ask } = createTestApi({ routePrefix: "/sluice" });
  assert.is((await ask("/sluice/api/v1/query?query=1")).status, 200);
  assert.is((await ask("/api/v1/query?query=1")).status, 404);
  assert.is((await ask("/sluice/")).status, 200);
  assert.is((await ask("/")).headers.Location, "/sluice/");
  assert.is((await ask("/metrics")).status, 200);
});

app.run();
