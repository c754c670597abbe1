import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import {
  allFeatures,
  createEngine,
  createSelectable,
  exprJson,
  GatewayError,
  labelsOf,
  parseExpr,
  parseQuery,
  prettyExpr,
  printExpr,
  systemClock,
  typeOf,
} from "sluice/promql";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createMemoryStore } from "../support/memory-store.ts";
import { createTestContext } from "../support/query-context.ts";

const test = suite("sluice/promql");

test("reads, prints, lays out and takes apart a query", () => {
  const expr = parseExpr("SUM BY(job)(rate(x[5m]))", allFeatures);
  assert.is(printExpr(expr), "sum by (job) (rate(x[5m]))");
  assert.is(prettyExpr(expr), "sum by (job) (rate(x[5m]))");
  assert.is(typeOf(expr), "vector");
  assert.is(JSON.stringify(exprJson(expr)).includes('"type":"aggregation"'), true);
});

test("a broken query is a value with findings, or an error", () => {
  const broken = parseQuery("sum(", allFeatures);
  assert.is(broken.expr, undefined);
  assert.is(broken.diagnostics[0]?.message, "unclosed left parenthesis");
  assert.throws(
    () => parseExpr("sum(", allFeatures),
    (error: unknown) => error instanceof GatewayError && error.code === "bad_data",
  );
});

test("runs over any store", async () => {
  const store = createMemoryStore({
    series: [
      { labels: labelsOf({ __name__: "up", job: "api" }), samples: [[1_000, 1]] },
      { labels: labelsOf({ __name__: "up", job: "web" }), samples: [[1_000, 2]] },
    ],
  });
  const engine = createEngine({
    lookbackDeltaMs: 300_000,
    defaultSubqueryStepMs: 60_000,
    maxSamples: 1_000,
    features: new Set(),
    delayedNameRemoval: false,
  });
  const source = createSelectable(store, {
    clock: systemClock,
    dedup: false,
    replicaLabels: [],
    algorithm: "penalty",
    partialResponse: "abort",
  });
  const result = engine.prepare("sum(up)").instant(createTestContext(), source, { timeMs: 2_000 });
  const column = await result.next();
  assert.is(column?.values[0], 3);
  assert.is(await result.next(), undefined);
  await result.close();
});

test("the example runs", () => {
  const example = fileURLToPath(new URL("../../docs/examples/promql.ts", import.meta.url));
  const runtime = "deno" in process.versions ? ["run", "-A"] : [];
  const query = 'max(http_requests_total{job=~"a.*"} > 600)';
  const { stdout, stderr, status } = spawnSync(process.execPath, [...runtime, example, query], {
    encoding: "utf8",
  });
  assert.is(status, 0, stderr);
  assert.is(
    stdout,
    'max(http_requests_total{job=~"a.*"} > 600)\n{} - - - 720 900 1080 1260 1440 1620 1800\n',
  );
});

test.run();
