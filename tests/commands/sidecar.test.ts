import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { dialThanos } from "../../src/clients/thanos/dial-thanos.ts";
import type { CommandIo } from "../../src/commands/command.ts";
import { run } from "../../src/commands/sidecar.ts";
import { readSidecarConfig } from "../../src/config/sidecar-config.ts";
import { resolveTime } from "../../src/config/sidecar-flags.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { type FakePrometheusOptions, startFakePrometheus } from "../support/fake-prometheus.ts";
import { createTestContext, labelRequest, seriesRequest } from "../support/memory-store.ts";
import { readBatches, seriesTexts } from "../support/read-batches.ts";

const sidecar = suite("sidecar command");

interface Running {
  readonly lines: string[];
  /** Waits for a log line and gives its `address`. */
  readonly address: (of: "HTTP" | "gRPC") => Promise<string>;
  readonly end: () => Promise<number>;
}

function start(...argv: readonly string[]): Running {
  const lines: string[] = [];
  const stop = new AbortController();
  let heard: () => void = () => undefined;
  const io: CommandIo = {
    out: (text) => lines.push(text),
    err: (text) => {
      lines.push(text);
      heard();
    },
    stop: stop.signal,
  };
  const local = [
    "--http-address=127.0.0.1:0",
    "--grpc-address=127.0.0.1:0",
    "--http-grace-period=1s",
    "--grpc-grace-period=1s",
  ];
  const done = run([...local, ...argv], io);
  return {
    lines,
    async address(of) {
      for (;;) {
        const line = lines.find((text) => text.includes(`listening for ${of}"`));
        if (line !== undefined) return /address=(\S+)/.exec(line)?.[1] ?? "";
        const ended = await Promise.race([
          done.then(() => true),
          new Promise<boolean>((resolve) => {
            heard = () => resolve(false);
          }),
        ]);
        if (ended) throw new Error(`ended:\n${lines.join("")}`);
      }
    },
    async end() {
      stop.abort(new DOMException("SIGTERM", "AbortError"));
      return await done;
    },
  };
}

const eu = labelsOf({ cluster: "eu", replica: "0" });
const series: FakePrometheusOptions["series"] = [
  { labels: labelsOf({ __name__: "up", job: "a" }), samples: [[Date.now() - 1000, 1]] },
];

sidecar("serves Info, series, labels, probes and metrics, and ends when asked to", async () => {
  const prometheus = await startFakePrometheus({ series, externalLabels: eu, lowestSeconds: "1000" });
  const running = start(`--prometheus.url=${prometheus.url}`);
  const address = await running.address("gRPC");
  const http = `http://${await running.address("HTTP")}`;
  const endpoint = dialThanos({ address, tls: undefined, metrics: noMetrics, clock: systemClock });
  const ctx = createTestContext();
  const info = await endpoint.fetchInfo(ctx);
  assert.equal(info.labelSets, [eu]);
  assert.equal(info.timeRange, { minMs: 1_000_000, maxMs: Number.POSITIVE_INFINITY });
  assert.is(info.component, "sidecar");
  assert.equal([...info.apis], ["store"]);
  const store = endpoint.store(() => info);
  const answer = await readBatches(
    store.series(ctx, seriesRequest({ matchers: [{ type: "=", name: "job", value: "a" }] })),
  );
  assert.match(
    seriesTexts(answer.series).join(),
    /^\{__name__="up", cluster="eu", job="a", replica="0"\} \d+:1$/,
  );
  assert.equal(await store.labelNames(ctx, labelRequest()), ["__name__", "cluster", "job", "replica"]);
  assert.equal(await store.labelValues(ctx, { ...labelRequest(), label: "cluster" }), ["eu"]);
  await endpoint.close(0);

  const get = async (path: string) => {
    const response = await fetch(`${http}${path}`, { headers: { connection: "close" } });
    return `${response.status} ${await response.text()}`;
  };
  assert.is(await get("/-/ready"), "200 OK");
  assert.is(await get("/-/healthy"), "200 OK");
  assert.match(await get("/metrics"), /\nthanos_sidecar_prometheus_up 1\n/);
  assert.match(await get("/x"), /^404 /);
  assert.is(await running.end(), 0);
  for (const request of prometheus.requests) assert.match(request, /^(GET|POST \/api\/v1\/read)/);
  await prometheus.close();
});

sidecar("is healthy and not ready while Prometheus has no external labels, and says why", async () => {
  const prometheus = await startFakePrometheus({ series });
  const running = start(`--prometheus.url=${prometheus.url}`);
  const http = `http://${await running.address("HTTP")}`;
  let text = "";
  while (!text.includes("external labels")) {
    const response = await fetch(`${http}/-/ready`, { headers: { connection: "close" } });
    assert.is(response.status, 503);
    text = await response.text();
  }
  assert.match(text, /^NOT OK\nno external labels configured on Prometheus server, /);
  const healthy = await fetch(`${http}/-/healthy`, { headers: { connection: "close" } });
  assert.is(`${healthy.status} ${await healthy.text()}`, "200 OK");
  assert.is(await running.end(), 0);
  assert.not.ok(running.lines.join("").includes("listening for gRPC"));
  await prometheus.close();
});

sidecar(
  "serves a Prometheus without external labels under labels of its own, behind a password",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-sidecar-"));
    const file = join(folder, "http.yml");
    writeFileSync(file, "basic_auth: {username: me, password: secret}\n");
    const seen = new Set<string | undefined>();
    const prometheus = await startFakePrometheus({
      series,
      intercept: (request) => {
        seen.add(request.headers.authorization);
        return false;
      },
    });
    const running = start(
      `--prometheus.url=${prometheus.url}`,
      `--prometheus.http-client-file=${file}`,
      '--label=cluster="old"',
    );
    const address = await running.address("gRPC");
    const endpoint = dialThanos({ address, tls: undefined, metrics: noMetrics, clock: systemClock });
    const info = await endpoint.fetchInfo(createTestContext());
    assert.equal(info.labelSets, [labelsOf({ cluster: "old" })]);
    await endpoint.close(0);
    assert.equal([...seen], [`Basic ${btoa("me:secret")}`]);
    assert.not.ok(running.lines.join("").includes("secret"));
    assert.is(await running.end(), 0);
    await prometheus.close();
    rmSync(folder, { recursive: true });
  },
);

const refusals: readonly [flag: string, code: number, message: RegExp][] = [
  ["--prometheus.urll=x", 2, /unknown flag --prometheus\.urll, did you mean --prometheus\.url\?/],
  ["--prometheus.url=localhost", 1, /^Cannot read --prometheus\.url: "localhost", wants a URL like/],
  ["--label=cluster", 2, /^Cannot read --label: unrecognized label "cluster"/],
  ["--min-time=yesterday", 2, /^Cannot read --min-time: "yesterday", wants a time like/],
  [
    "--prometheus.http-client-file=/no/such",
    1,
    /^Cannot read --prometheus\.http-client-file \/no\/such: no such file/,
  ],
  [
    "--prometheus.http-client=a: b",
    1,
    /^--prometheus\.http-client:1:1: unknown field "a", wants one of basic_auth/,
  ],
  ["--grpc-server-tls-cert=/no/such", 2, /--grpc-server-tls-cert stands alone/],
  [
    "--objstore.config-file=x",
    2,
    /--objstore\.config-file is a flag of Thanos that is not supported here yet/,
  ],
];

for (const [flag, code, message] of refusals) {
  sidecar(`${flag} is refused with one clear sentence`, async () => {
    const lines: string[] = [];
    const io: CommandIo = {
      out: (text) => lines.push(text),
      err: (text) => lines.push(text),
      stop: new AbortController().signal,
    };
    assert.is(await run([flag], io), code);
    assert.match(lines.join(""), message);
  });
}

sidecar("a port in use is refused with its flag", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const lines: string[] = [];
  const io: CommandIo = {
    out: () => undefined,
    err: (text) => lines.push(text),
    stop: new AbortController().signal,
  };
  const code = await run(
    [`--http-address=127.0.0.1:${port}`, "--grpc-address=127.0.0.1:0", "--prometheus.url=http://127.0.0.1:1"],
    io,
  );
  assert.is(code, 1);
  assert.ok(
    lines
      .join("")
      .includes(`Cannot listen on 127.0.0.1:${port}: the port is in use, wants another --http-address`),
  );
  await new Promise((resolve) => server.close(resolve));
});

sidecar("times are fixed or relative to now", () => {
  const minTime = (text: string) => {
    const read = readSidecarConfig([`--min-time=${text}`]);
    return read.kind === "run" ? resolveTime(read.config.minTime, 1_000_000_000) : undefined;
  };
  assert.is(minTime("1970-01-02T00:00:00Z"), 86_400_000);
  assert.is(minTime("1970-01-02T00:00:00.5+01:00"), 82_800_500);
  assert.is(minTime("-1d"), 1_000_000_000 - 86_400_000);
  assert.is(minTime("-1h30m"), 1_000_000_000 - 5_400_000);
  assert.is(minTime("0000-01-01T00:00:00Z"), -62_167_219_200_000);
});

sidecar("an external label is a name of its own and has a value", () => {
  const labels = (...texts: string[]) => {
    const read = readSidecarConfig(texts.map((text) => `--label=${text}`));
    return read.kind === "run" ? read.config.labels : undefined;
  };
  assert.equal(labels('b="2"', 'a="1"'), [
    { name: "a", value: "1" },
    { name: "b", value: "2" },
  ]);
  assert.throws(
    () => labels('a="1"', '__name__="up"'),
    /Cannot read --label: __name__ is the metric's name, wants another label name/,
  );
  assert.throws(() => labels('a=""'), /Cannot read --label: label a is empty, wants a value/);
});

sidecar("help and version are for the asking", async () => {
  for (const [flag, text] of [
    ["--help", "usage: sluice sidecar [flags]"],
    ["--version", "sluice 0.1.0"],
  ] as const) {
    let out = "";
    const io: CommandIo = {
      out: (part) => {
        out += part;
      },
      err: () => undefined,
      stop: new AbortController().signal,
    };
    assert.is(await run([flag], io), 0);
    assert.ok(out.startsWith(text), out);
  }
});

sidecar.run();
