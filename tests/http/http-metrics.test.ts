import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createHttpMetrics } from "../../src/http/http-metrics.ts";
import { createMetrics } from "../../src/telemetry/create-metrics.ts";

const test = suite("HTTP metrics");

const outcome = { status: 200, seconds: 0.01, requestBytes: 1, responseBytes: 1 };

test("however many tenants ask, only so many are told apart", async () => {
  const metrics = createMetrics();
  const http = createHttpMetrics(metrics);
  for (let i = 0; i < 1_200; i++) http.begin("query", "GET", `team-${i}`)(outcome);
  http.begin("query", "GET", "team-7")(outcome);
  const lines = (await metrics.scrape())
    .split("\n")
    .filter((line) => line.startsWith("http_requests_total{"));
  assert.is(lines.length, 1_001);
  assert.ok(lines.some((line) => line.includes('tenant="(others)"') && line.endsWith(" 200")));
  assert.ok(lines.some((line) => line.includes('tenant="team-7"') && line.endsWith(" 2")));
});

test.run();
