import { suite } from "uvu";
import * as assert from "uvu/assert";
import { systemClock } from "../../src/runtime/clock.ts";
import { createLog } from "../../src/telemetry/create-log.ts";
import { createMetrics } from "../../src/telemetry/create-metrics.ts";
import { createLabelCells } from "../../src/telemetry/label-cells.ts";
import { registerProcessMetrics } from "../../src/telemetry/process-metrics.ts";

const telemetry = suite("telemetry");
const clock = { ...systemClock, nowMs: () => Date.UTC(2026, 10, 24) };

telemetry("metrics come out under the names they were given, counters from zero on", async () => {
  const metrics = createMetrics();
  metrics.counter("a_total", "Things.").add(2, { kind: "x" });
  metrics.counter("a_total", "Things.").add(1, { kind: "x" });
  metrics.counter("never_total", "Not yet.");
  metrics.gauge("level", "How high.").set(-1.5);
  metrics.histogram("wait_seconds", "How long.", [0.1, 1]).record(0.5, { kind: 'a"b' });
  metrics.observe("seen", "Read late.", () => [{ value: 7, labels: { a: "b" } }]);
  metrics.observeCounter("grown_total", "Read late.", () => [{ value: 8 }]);
  metrics.counter("bound_total", "Bound.").with({ b: "1", a: "2" }).add(2);
  metrics.counter("bound_total", "Bound.").add(3, { a: "2", b: "1" });
  metrics.histogram("bound_seconds", "Bound.", [1]).with({ a: "1" }).record(1);
  metrics.histogram("unused_seconds", "Never.", [1]);
  const lines = (await metrics.scrape()).split("\n").filter((line) => line !== "");
  assert.equal(
    lines.filter((line) => !line.startsWith("#")),
    [
      "level -1.5",
      'seen{a="b"} 7',
      "grown_total 8",
      'a_total{kind="x"} 3',
      "never_total 0",
      'wait_seconds_count{kind="a\\"b"} 1',
      'wait_seconds_sum{kind="a\\"b"} 0.5',
      'wait_seconds_bucket{kind="a\\"b",le="0.1"} 0',
      'wait_seconds_bucket{kind="a\\"b",le="1"} 1',
      'wait_seconds_bucket{kind="a\\"b",le="+Inf"} 1',
      'bound_total{b="1",a="2"} 5',
      'bound_seconds_count{a="1"} 1',
      'bound_seconds_sum{a="1"} 1',
      'bound_seconds_bucket{a="1",le="1"} 1',
      'bound_seconds_bucket{a="1",le="+Inf"} 1',
    ],
  );
  assert.ok(lines.includes("# TYPE wait_seconds histogram"));
  assert.ok(lines.includes("# HELP a_total Things."));
});

telemetry("label sets past the limit are folded into one", async () => {
  const cells = createLabelCells(3, () => ({ n: 0 }));
  for (const a of ["1", "2", "3", "4", "1"]) cells.of({ a }).n++;
  assert.equal(
    [...cells.all()].map(([labels, { n }]) => [labels, n]),
    [
      [{ a: "1" }, 2],
      [{ a: "2" }, 1],
      [{ "otel.metric.overflow": "true" }, 2],
    ],
  );
});

telemetry("registries do not share their metrics", async () => {
  createMetrics().counter("mine_total", "Mine.").add(1);
  assert.is(await createMetrics().scrape(), "# no registered metrics");
});

telemetry("the process tells its memory, its CPU time and the event loop's lag", async () => {
  const metrics = createMetrics();
  registerProcessMetrics(metrics, systemClock);
  const text = await metrics.scrape();
  const value = (name: string) => Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
  assert.ok(value("process_resident_memory_bytes") > 1e6);
  assert.ok(value("process_cpu_seconds_total") > 0);
  assert.ok(Math.abs(value("process_start_time_seconds") - Date.now() / 1000) < 60);
  assert.ok(value("nodejs_eventloop_lag_seconds") >= 0);
});

for (const [format, line] of [
  [
    "logfmt",
    'ts=2026-11-24T00:00:00.000Z level=warn msg="went wrong" component=query err="no \\"answer\\"" n=3 path="/a=b"\n',
  ],
  [
    "json",
    '{"level":"warn","ts":"2026-11-24T00:00:00.000Z","component":"query","err":"no \\"answer\\"","n":3,"path":"/a=b","msg":"went wrong"}\n',
  ],
] as const) {
  telemetry(`${format} lines hold level, text and fields, and only from their level up`, () => {
    const lines: string[] = [];
    const log = createLog({ level: "warn", format, clock, write: (text) => lines.push(text) });
    const fields = { err: new Error('no "answer"'), n: 3, path: "/a=b" };
    log.with({ component: "query" }).warn("went wrong", fields);
    log.info("not said");
    log.debug("not said");
    assert.equal(lines, [line]);
  });
}

telemetry.run();
