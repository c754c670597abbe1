import { suite } from "uvu";
import * as assert from "uvu/assert";
import { learnFacts } from "../../../src/clients/prometheus/learn-facts.ts";
import { createPrometheusApi } from "../../../src/clients/prometheus/prometheus-api.ts";
import { watchPrometheus } from "../../../src/clients/prometheus/prometheus-watch.ts";
import { messageOf } from "../../../src/lib/errors.ts";
import { type Labels, labelsOf } from "../../../src/model/labels.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { createHttpClient } from "../../../src/runtime/http-client.ts";
import { type Log, noLog } from "../../../src/telemetry/log.ts";
import { noMetrics } from "../../../src/telemetry/metrics.ts";
import { type FakePrometheusOptions, startFakePrometheus } from "../../support/fake-prometheus.ts";
import type { MemorySeries } from "../../support/memory-store.ts";

const watch = suite("what a sidecar learns of its Prometheus");

const nowMs = 1_700_000_000_000;

function seriesOf(...records: readonly Readonly<Record<string, string>>[]): MemorySeries[] {
  return records.map((record) => ({ labels: labelsOf(record), samples: [[nowMs - 1000, 1]] }));
}

type Intercept = NonNullable<FakePrometheusOptions["intercept"]>;

/** Answers requests to these paths with a status. */
function refuse(statuses: Readonly<Record<string, number>>): Intercept {
  return (request, response) => {
    const status = statuses[(request.url ?? "").split("?")[0] ?? ""];
    if (status === undefined) return false;
    response.writeHead(status).end("no");
    return true;
  };
}

async function withFake<T>(
  options: Partial<FakePrometheusOptions>,
  body: (api: ReturnType<typeof createPrometheusApi>) => Promise<T>,
): Promise<T> {
  const prometheus = await startFakePrometheus({ series: [], ...options });
  const http = createHttpClient({ tls: undefined, maxConnections: 8, silenceTimeoutMs: 5000 });
  const api = createPrometheusApi({ http, baseUrl: prometheus.url, credentials: async () => ({}) });
  try {
    return await body(api);
  } finally {
    http.close();
    await prometheus.close();
  }
}

function learn(options: Partial<FakePrometheusOptions>, labels: Labels = [], minTimeMs = 0) {
  return withFake(options, async (api) => {
    const end = new AbortController();
    try {
      return await learnFacts(api, { signal: end.signal, maxBytes: 1 << 20 }, { labels, minTimeMs, nowMs });
    } finally {
      end.abort();
    }
  });
}

async function failureOf(run: Promise<unknown>): Promise<string> {
  return await run.then(
    () => assert.unreachable("wants an error") as never,
    (error) => messageOf(error),
  );
}

const eu = labelsOf({ cluster: "eu", replica: "0" });
const us = labelsOf({ cluster: "us" });

watch("labels, oldest time and version", async () => {
  assert.equal(await learn({ externalLabels: eu, lowestSeconds: "1.5e9" }), {
    externalLabels: eu,
    ownLabels: eu,
    minMs: 1.5e12,
    takesLabelMatchers: true,
  });
  const old = await learn({ externalLabels: eu, lowestSeconds: "1", version: "" }, [], 5000);
  assert.is(old.minMs, 5000);
  assert.is(old.takesLabelMatchers, false);
});

watch("labels of the command line stand in place of Prometheus's own", async () => {
  const facts = await learn({ externalLabels: eu }, us);
  assert.equal([facts.externalLabels, facts.ownLabels], [us, eu]);
});

watch("a Prometheus without external labels is refused, unless labels are given", async () => {
  assert.is(
    await failureOf(learn({})),
    "no external labels configured on Prometheus server, uniquely identifying external labels must be configured " +
      'there or given with --label name="value"',
  );
  assert.equal((await learn({}, us)).ownLabels, []);
});

const closed = refuse({ "/api/v1/status/config": 403, "/api/v1/status/buildinfo": 404, "/metrics": 404 });

watch("where the configuration may not be read, its labels are learnt from series", async () => {
  for (const streamed of [true, false]) {
    const series = seriesOf(
      { __name__: "up", job: "a.b" },
      { __name__: "up", job: "a.b", pod: "x" },
      { __name__: "up", job: "axb" },
    );
    const facts = await learn({ externalLabels: eu, series, streamed, intercept: closed }, us);
    assert.equal(facts, {
      externalLabels: us,
      ownLabels: eu,
      minMs: 0,
      takesLabelMatchers: false,
    });
  }
});

watch("a series that carries an external label's name itself does not hide it", async () => {
  const series = seriesOf(
    { __name__: "up", job: "a" },
    { __name__: "up", job: "b", replica: "0" },
    { __name__: "up", job: "c", replica: "x" },
  );
  assert.equal((await learn({ externalLabels: eu, series, intercept: closed }, us)).ownLabels, eu);
  const alone = { externalLabels: eu, series: series.slice(1, 2), intercept: closed };
  assert.equal((await learn(alone, us)).ownLabels, labelsOf({ cluster: "eu" }));
});

watch("without up any metric will do", async () => {
  const series = seriesOf({ __name__: "jobs" }, { __name__: "cpu", core: "1" });
  assert.equal((await learn({ externalLabels: eu, series, intercept: closed }, us)).ownLabels, eu);
  assert.equal((await learn({ series, intercept: closed }, us)).ownLabels, []);
});

const cannotLearn = "Cannot learn the external labels of Prometheus, whose configuration may not be read: ";

watch("labels that cannot be learnt are refused in one sentence", async () => {
  const series = seriesOf({ __name__: "up" });
  assert.is(
    await failureOf(learn({ externalLabels: eu, intercept: closed }, us)),
    `${cannotLearn}it has no series of the last ten minutes to compare`,
  );
  const noRead = refuse({ "/api/v1/status/config": 403, "/api/v1/read": 403 });
  assert.is(
    await failureOf(learn({ externalLabels: eu, series, intercept: noRead }, us)),
    `${cannotLearn}remote read answers status 403`,
  );
  const noSeries = refuse({ "/api/v1/status/config": 403, "/api/v1/series": 500 });
  assert.is(
    await failureOf(learn({ externalLabels: eu, series, intercept: noSeries }, us)),
    `${cannotLearn}expected 2xx response, got 500. Body: no`,
  );
  assert.is(
    await failureOf(learn({ externalLabels: eu, series, intercept: closed })),
    'Cannot read the configuration of Prometheus: it refuses, wants its external labels given with --label name="value"',
  );
});

watch("a server that fails is not taken for one that refuses", async () => {
  const failing = refuse({ "/api/v1/status/config": 500 });
  assert.is(await failureOf(learn({ intercept: failing }, us)), "expected 2xx response, got 500. Body: no");
  const noMetrics = refuse({ "/metrics": 500 });
  assert.is(
    await failureOf(learn({ externalLabels: eu, intercept: noMetrics })),
    "Cannot read /metrics of Prometheus: status 500: no",
  );
});

watch("readiness follows Prometheus down and up, and each change is logged once", async () => {
  let down = true;
  const intercept: Intercept = (_, response) => {
    if (down) response.writeHead(503).end("starting");
    return down;
  };
  const lines: string[] = [];
  const log: Log = {
    ...noLog,
    info: (message, fields) => lines.push(`${message} ${fields?.externalLabels}`),
    warn: (message, fields) => lines.push(`${message}: ${fields?.error}`),
  };
  await withFake({ externalLabels: eu, intercept }, async (api) => {
    let checked = Promise.withResolvers<void>();
    const nextCheck = async () => {
      checked = Promise.withResolvers();
      await checked.promise;
    };
    const watched = watchPrometheus({
      api,
      clock: systemClock,
      log,
      metrics: noMetrics,
      labels: [],
      minTimeMs: () => 0,
      intervalMs: 10,
      timeoutMs: 5000,
      retryMs: 10,
      maxAnswerBytes: 1 << 20,
      onCheck: () => checked.resolve(),
    });
    await nextCheck();
    await nextCheck();
    assert.is(watched.isUp(), false);
    assert.is(watched.facts(), undefined);
    down = false;
    await watched.known;
    assert.is(watched.isUp(), true);
    assert.is(watched.trouble(), undefined);
    down = true;
    await nextCheck();
    await nextCheck();
    assert.is(watched.isUp(), false);
    assert.equal(watched.facts()?.externalLabels, eu);
    assert.match(watched.trouble()?.message ?? "", /503/);
    down = false;
    await nextCheck();
    await nextCheck();
    assert.is(watched.isUp(), true);
    await watched.close();
  });
  const starting = "Prometheus is not ready: expected 2xx response, got 503. Body: starting";
  const words = lines.map((line) => (line.includes("not ready") ? "down" : "up"));
  assert.equal(words, ["down", "up", "down", "up"], lines.join("\n"));
  assert.ok(lines.includes(starting) || lines.some((line) => line.includes("/metrics")));
});

watch("a silent Prometheus is not ready after the time-out, and closing does not wait for one", async () => {
  await withFake({ intercept: () => true }, async (api) => {
    const start = (timeoutMs: number, onCheck: () => void) =>
      watchPrometheus({
        api,
        clock: systemClock,
        log: noLog,
        metrics: noMetrics,
        labels: [],
        minTimeMs: () => 0,
        intervalMs: 1,
        timeoutMs,
        retryMs: 1,
        maxAnswerBytes: 1 << 20,
        onCheck,
      });
    const checked = Promise.withResolvers<void>();
    const hasty = start(50, checked.resolve);
    await checked.promise;
    assert.is(hasty.trouble()?.message, "Cannot ask Prometheus: no answer after 0.05 s");
    await hasty.close();
    const patient = start(3_600_000, () => undefined);
    await patient.close();
    assert.is(patient.trouble(), undefined);
  });
});

watch.run();
