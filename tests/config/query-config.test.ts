import { suite } from "uvu";
import * as assert from "uvu/assert";
import { helpText } from "../../src/config/help-text.ts";
import { type QueryConfig, readQueryConfig } from "../../src/config/query-config.ts";
import { queryAbout, queryFlags } from "../../src/config/query-flags.ts";
import { GatewayError } from "../../src/lib/errors.ts";

const config = suite("query config");

function read(...argv: string[]): QueryConfig {
  const result = readQueryConfig(argv);
  if (result.kind !== "run") throw new Error(`expected a config, got ${result.kind}`);
  return result.config;
}

config("without flags everything has Thanos's defaults", () => {
  const { flagTexts, ...rest } = read();
  assert.equal(rest, {
    log: { level: "info", format: "logfmt" },
    http: {
      address: { host: "0.0.0.0", port: 10_902 },
      graceMs: 120_000,
      disableCors: false,
      routePrefix: "",
      externalPrefix: "",
      storeApi: false,
      admin: false,
    },
    grpc: {
      address: { host: "0.0.0.0", port: 10_901 },
      graceMs: 120_000,
      maxConnectionAgeMs: 3_600_000,
      tls: undefined,
      tlsReloadIntervalMs: 5_000,
    },
    grpcClient: {
      secure: false,
      skipVerify: false,
      certFile: undefined,
      keyFile: undefined,
      caFile: undefined,
      serverName: undefined,
      minVersion: "1.3",
    },
    adminAddress: undefined,
    healthAddress: undefined,
    ready: { minClusters: 1, required: [], holdMs: 30_000 },
    discovery: {
      clusters: [],
      sdConfig: undefined,
      sdConfigIntervalMs: 300_000,
      sdFiles: [],
      sdFilesIntervalMs: 300_000,
      dnsIntervalMs: 30_000,
      holdDownMs: 60_000,
      resolvConf: "/etc/resolv.conf",
    },
    configFile: undefined,
    clusters: [],
    infoTimeoutMs: 5_000,
    unhealthyTimeoutMs: 300_000,
    responseTimeoutMs: 0,
    query: {
      timeoutMs: 120_000,
      maxConcurrent: 20,
      maxConcurrentSelect: 4,
      lookbackDeltaMs: 300_000,
      defaultEvaluationIntervalMs: 60_000,
      defaultStepMs: 1_000,
      maxSamples: 50_000_000,
      replicaLabels: [],
      partialResponse: true,
      dedupFunction: "penalty",
      metadataRangeMs: 0,
      features: new Set(),
      xFunctions: false,
    },
    limits: { requestSeries: 0, requestSamples: 0 },
    selectorLabels: [],
    memoryLimitBytes: undefined,
  });
  assert.is(flagTexts["query.timeout"], "2m");
  assert.is(flagTexts.endpoint, "");
});

config("flags are read with equals signs, as two words, negated, repeated and split at commas", () => {
  const result = read(
    "--endpoint",
    "a:1",
    "--endpoint=[::1]:2",
    "--endpoint=a:1",
    "--endpoint-strict=c:3",
    "--query.replica-label=replica,prometheus_replica",
    "--query.replica-label",
    "rule_replica",
    "--no-query.partial-response",
    "--web.disable-cors",
    "--query.timeout=1h30m",
    "--query.timeout=90s",
    "--memory-limit=1.5GiB",
    '--selector-label=region="eu"',
    "--selector-label",
    'az="a\\"b"',
    "--http-address=:0",
    "--web.external-prefix=/x/",
  );
  assert.equal(
    result.discovery.clusters.map(({ name, endpoints: [first] }) => [name, first?.address, first?.strict]),
    [
      ["c:3", "c:3", true],
      ["a:1", "a:1", false],
      ["[::1]:2", "[::1]:2", false],
    ],
  );
  assert.equal(result.query.replicaLabels, ["replica", "prometheus_replica", "rule_replica"]);
  assert.is(result.query.partialResponse, false);
  assert.is(result.query.timeoutMs, 90_000);
  assert.is(result.memoryLimitBytes, 1.5 * 2 ** 30);
  assert.equal(result.selectorLabels, [
    { name: "az", value: 'a"b' },
    { name: "region", value: "eu" },
  ]);
  assert.equal(result.http.address, { host: "0.0.0.0", port: 0 });
  assert.is(result.http.disableCors, true);
  assert.is(result.http.routePrefix, "/x");
  assert.is(result.flagTexts.endpoint, "a:1,[::1]:2,a:1");
});

for (const [argv, message] of [
  [["--endpont=a:1"], "Cannot read the command line: unknown flag --endpont, did you mean --endpoint?"],
  [
    ["--query.timout=1s"],
    "Cannot read the command line: unknown flag --query.timout, did you mean --query.timeout?",
  ],
  [["--zzzzzzzzzzz"], "Cannot read the command line: unknown flag --zzzzzzzzzzz"],
  [["--constructor=1"], "Cannot read the command line: unknown flag --constructor"],
  [["--no-endpoint"], "Cannot read the command line: unknown flag --no-endpoint, did you mean --endpoint?"],
  [
    ["--query.mode=distributed"],
    "Cannot read the command line: --query.mode is a flag of Thanos that is not supported here yet, wants the command without it",
  ],
  [["stray"], 'Cannot read the command line: unexpected "stray", wants flags only'],
  [
    ["--endpoint"],
    "Cannot read the command line: --endpoint stands without its value, wants --endpoint=HOST:PORT",
  ],
  [
    ["--endpoint", "--query.timeout=1s"],
    "Cannot read the command line: --endpoint stands without its value, wants --endpoint=HOST:PORT",
  ],
  [
    ["--endpoint=nowhere"],
    "Cannot read --endpoint: Address nowhere is not of <host>:<port> format or a valid DNS query.",
  ],
  [
    ["--endpoint=a:99999"],
    "Cannot read --endpoint: Address a:99999 is not of <host>:<port> format or a valid DNS query.",
  ],
  [
    ["--endpoint=dns+store.example"],
    "Cannot read --endpoint: missing port in address given for dns lookup: store.example",
  ],
  [
    ["--endpoint=dnsx+store.example:1"],
    'Cannot read --endpoint: invalid lookup scheme "dnsx" in dnsx+store.example:1, wants one of dns, dnsdualstack, dnssrv, dnssrvnoa',
  ],
  [
    ["--endpoint-strict=dnssrv+_grpc._tcp.x"],
    "Cannot read --endpoint-strict: dnssrv+_grpc._tcp.x is a dynamically specified endpoint i.e. it uses SD and that is not permitted under strict mode.",
  ],
  [
    ["--store.sd-files=/etc/*/targets.json"],
    'Cannot read --store.sd-files: path name "/etc/*/targets.json" is not valid for file discovery, wants .json, .yml or .yaml at its end and wildcards after the last slash only',
  ],
  [
    ["--endpoint.sd-config=a", "--endpoint.sd-config-file=b"],
    "Cannot read the command line: both --endpoint.sd-config-file and --endpoint.sd-config are given, wants one of them",
  ],
  [["--store.sd-dns-interval=0s"], 'Cannot read --store.sd-dns-interval: "0s", wants a duration above 0'],
  [["--selector-label=region"], 'Cannot read --selector-label: unrecognized label "region"'],
  [['--selector-label=1x="a"'], 'Cannot read --selector-label: unsupported format for label 1x="a"'],
  [["--selector-label=region=eu"], "Cannot read --selector-label: unquote label value: invalid syntax"],
  [
    ["--query.timeout=soon"],
    'Cannot read --query.timeout: "soon", wants a duration like 500ms, 30s, 2m or 1h30m',
  ],
  [["--query.timeout=-1s"], 'Cannot read --query.timeout: "-1s", wants a duration that is not negative'],
  [["--query.max-concurrent=0"], 'Cannot read --query.max-concurrent: "0", wants a whole number above 0'],
  [["--memory-limit=lots"], 'Cannot read --memory-limit: "lots", wants a size like 512MiB or 2GiB'],
  [["--log.level=loud"], 'Cannot read --log.level: "loud", wants one of error, warn, info, debug'],
  [
    ["--http-address=here"],
    'Cannot read --http-address: "here", wants an address to listen on, <host>:<port>',
  ],
  [
    ["--grpc-server-tls-cert=a"],
    "Cannot read the command line: --grpc-server-tls-cert stands alone, wants --grpc-server-tls-key too",
  ],
  [
    ["--grpc-server-tls-client-ca=a"],
    "Cannot read the command line: --grpc-server-tls-client-ca stands alone, wants --grpc-server-tls-cert and --grpc-server-tls-key too",
  ],
  [
    ["--grpc-client-tls-key=a"],
    "Cannot read the command line: --grpc-client-tls-key stands alone, wants --grpc-client-tls-cert too",
  ],
] as const) {
  config(`${argv.join(" ")} is refused with what is wrong`, () => {
    assert.throws(
      () => readQueryConfig(argv),
      (error: unknown) => {
        assert.is((error as Error).message, message);
        return error instanceof GatewayError && error.code === "bad_data";
      },
    );
  });
}

config("help and version come before anything wrong that follows", () => {
  assert.is(readQueryConfig(["--help", "--nonsense"]).kind, "help");
  assert.is(readQueryConfig(["-h"]).kind, "help");
  assert.is(readQueryConfig(["--version"]).kind, "version");
});

config("the help names every flag that is not hidden, with its default", () => {
  const text = helpText("query", queryAbout, queryFlags);
  for (const [name, flag] of Object.entries(queryFlags)) {
    assert.is(
      new RegExp(`^  --(\\[no-\\])?${name.replaceAll(".", "\\.")}\\b`, "m").test(text),
      !flag.hidden,
      name,
    );
  }
  assert.match(text, "Default 0.0.0.0:10902.");
  assert.ok(text.split("\n").every((line) => line.length <= 100));
});

config.run();
