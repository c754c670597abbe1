import { suite } from "uvu";
import * as assert from "uvu/assert";
import { joinClusters } from "../../src/config/cluster-config.ts";
import { parseClusterFile } from "../../src/config/cluster-file.ts";
import { parseClusterFlag } from "../../src/config/cluster-flag.ts";
import { GatewayError, messageOf } from "../../src/lib/errors.ts";
import { everySeed } from "../support/seeded-random.ts";

const clusters = suite("declared clusters");

const read = (text: string) => parseClusterFile({ name: "conf/sluice.yml", text });

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.code === "bad_data", String(error));
    return messageOf(error);
  }
  return "read";
}

const whole = `clusters:
  - name: eu-west
    endpoints:
      - dns+sidecar.eu-west.example:10901
      - 10.0.0.7:10901
    tls:
      cert: eu/tls.crt
      key: eu/tls.key
      ca: /etc/ssl/eu.pem
      serverName: eu-west.example
      minVersion: 1.2
      san: spiffe://example/eu-west
    strict: true
    labels: {region: eu, cluster: eu-west}
    responseTimeout: 5s
  - name: lab
    endpoints: [dnssrv+_grpc._tcp.lab.example]
    tls: false
    optional: true
  - name: us
    endpoints: ["[::1]:1", "dnsdualstack+a:1"]
    tls: {}
`;

clusters("all that a file says of a cluster is read, paths from the folder of the file", () => {
  const [eu, lab, us] = read(whole);
  assert.equal(eu, {
    name: "eu-west",
    place: "conf/sluice.yml:2:5",
    endpoints: ["dns+sidecar.eu-west.example:10901", "10.0.0.7:10901"],
    tls: {
      cert: { path: "conf/eu/tls.crt", place: "conf/sluice.yml:7:7", key: "clusters[0].tls.cert" },
      key: { path: "conf/eu/tls.key", place: "conf/sluice.yml:8:7", key: "clusters[0].tls.key" },
      ca: { path: "/etc/ssl/eu.pem", place: "conf/sluice.yml:9:7", key: "clusters[0].tls.ca" },
      serverName: "eu-west.example",
      minVersion: "1.2",
      san: ["spiffe://example/eu-west"],
    },
    strict: true,
    optional: false,
    labels: [
      { name: "cluster", value: "eu-west" },
      { name: "region", value: "eu" },
    ],
    responseTimeoutMs: 5_000,
  });
  assert.is(lab?.tls, "plain");
  assert.is(lab?.optional, true);
  assert.equal(us?.tls, {
    cert: undefined,
    key: undefined,
    ca: undefined,
    serverName: undefined,
    minVersion: "1.3",
    san: [],
  });
  assert.equal(read("clusters: []\n"), []);
});

const cluster = "clusters:\n  - name: eu\n    endpoints: [a:1]\n";
const fileCases: readonly (readonly [text: string, wanted: string])[] = [
  ["", "1:1: it is empty, wants a mapping with clusters"],
  ["cluster: []\n", "1:1: cluster is not known here, did you mean clusters?"],
  ["clusters: {name: eu}\n", "1:1: clusters is a mapping, wants a list"],
  ["clusters: [eu]\n", '1:12: clusters[0] is "eu", wants a mapping'],
  ["clusters:\n  - endpoints: [a:1]\n", "2:5: clusters[0].name is missing"],
  ["clusters:\n  - name: eu\n", "2:5: clusters[0].endpoints is missing"],
  [
    "clusters:\n  - name: eu\n    endpoints: []\n",
    "3:5: clusters[0].endpoints is empty, wants at least one <host>:<port> or a DNS form such as dns+<host>:<port>",
  ],
  ["clusters:\n  - name: eu\n    endpoints: a:1\n", '3:5: clusters[0].endpoints is "a:1", wants a list'],
  [
    "clusters:\n  - name: eu\n    endpoints: [a:1, b]\n",
    '3:22: clusters[0].endpoints[1] is "b", wants <host>:<port> or a DNS form such as dns+<host>:<port> (Address b is not of',
  ],
  [
    "clusters:\n  - name: eu\n    endpoints: [dsn+b:1]\n",
    '3:17: clusters[0].endpoints[0] is "dsn+b:1", wants <host>:<port> or a DNS form such as dns+<host>:<port> (invalid lookup scheme',
  ],
  [
    "clusters:\n  - name: eu\n    endpoints: [a:1, b:1, a:1]\n",
    '3:27: clusters[0].endpoints[2] is "a:1" once more, wants each endpoint once',
  ],
  ["clusters:\n  - name: 7\n    endpoints: [a:1]\n", "2:5: clusters[0].name is 7, wants a text"],
  [
    "clusters:\n  - name: eu west\n    endpoints: [a:1]\n",
    '2:5: clusters[0].name is "eu west", wants letters, digits, dots, dashes and underscores',
  ],
  [`${cluster}    optionl: true\n`, "4:5: clusters[0].optionl is not known here, did you mean optional?"],
  [
    `${cluster}    replicas: 2\n`,
    "4:5: clusters[0].replicas is not known here, wants one of name, endpoints, tls,",
  ],
  [`${cluster}    strict: sometimes\n`, '4:5: clusters[0].strict is "sometimes", wants true or false'],
  [
    `${cluster}    strict: true\n    optional: true\n`,
    "5:5: it is both strict and optional, wants one of them at most",
  ],
  [`${cluster}    labels: [a]\n`, "4:5: clusters[0].labels is a list, wants a mapping"],
  [
    `${cluster}    labels: {ok: b, 1a: b}\n`,
    "4:21: clusters[0].labels.1a is no name for a label, wants letters,",
  ],
  [`${cluster}    labels:\n      __name__: up\n`, "5:7: clusters[0].labels.__name__ is no name for a label"],
  [`${cluster}    labels: {a: 1}\n`, "4:14: clusters[0].labels.a is 1, wants a text"],
  [`${cluster}    labels: {a: ""}\n`, "4:14: clusters[0].labels.a is empty, wants the value that all series"],
  [`${cluster}    responseTimeout: 5\n`, "4:5: clusters[0].responseTimeout is 5, wants a text"],
  [
    `${cluster}    responseTimeout: soon\n`,
    '4:5: clusters[0].responseTimeout is "soon", wants a duration above 0 such as 5s',
  ],
  [`${cluster}    responseTimeout: 0s\n`, '4:5: clusters[0].responseTimeout is "0s", wants a duration above'],
  [`${cluster}    optional: 1\n`, "4:5: clusters[0].optional is 1, wants true or false"],
  [`${cluster}    tls: true\n`, "4:5: clusters[0].tls is true, wants a mapping"],
  [
    `${cluster}    tls: {certFile: a}\n`,
    "4:11: clusters[0].tls.certFile is not known here, wants one of cert,",
  ],
  [`${cluster}    tls:\n      cret: a\n`, "5:7: clusters[0].tls.cret is not known here, did you mean cert?"],
  [`${cluster}    tls: {cert: a}\n`, "4:11: clusters[0].tls.cert stands alone, wants key too"],
  [`${cluster}    tls: {key: a}\n`, "4:11: clusters[0].tls.key stands alone, wants cert too"],
  [`${cluster}    tls: {ca: ""}\n`, "4:11: clusters[0].tls.ca is empty, wants a text"],
  [
    `${cluster}    tls: {minVersion: 1.4}\n`,
    '4:11: clusters[0].tls.minVersion is "1.4", wants "1.0" or "1.1" or "1.2" or "1.3"',
  ],
  [`${cluster}    tls: {san: []}\n`, "4:11: clusters[0].tls.san is empty, wants at least one name"],
  [`${cluster}    tls: {san: [a, 1]}\n`, "4:20: clusters[0].tls.san[1] is 1, wants a text"],
  ["clusters:\n  - name: eu\n   endpoints: [a:1]\n", "3:1: "],
];
for (const [text, wanted] of fileCases) {
  clusters(`${JSON.stringify(text)} is refused where it is wrong`, () => {
    const got = refusal(() => read(text));
    assert.is(got.slice(0, `conf/sluice.yml:${wanted}`.length), `conf/sluice.yml:${wanted}`);
  });
}

const bits = [
  ...[
    "&a ",
    "*a",
    "!!int ",
    "!!binary ",
    "<<: ",
    "? ",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "|\n",
    ">\n",
    "\t",
    "\r",
  ],
  ...[
    "\u0000",
    "%YAML 1.1\n",
    "---\n",
    "...\n",
    "__proto__",
    "null",
    "~",
    "1e999",
    "\ud800",
    "!",
    "@",
    '"',
    ",",
  ],
];

clusters("a text that is nearly a file takes no more than an error with a place", async () => {
  await everySeed(300, (random) => {
    let text = whole;
    for (let edits = 1 + random.below(4); edits > 0; edits--) {
      const at = random.below(text.length);
      text = `${text.slice(0, at)}${random.oneOf(bits)}${text.slice(at + random.below(6))}`;
    }
    const got = refusal(() => read(text));
    assert.ok(got === "read" || /^conf\/sluice\.yml:\d+:\d+: ./.test(got), `${JSON.stringify(text)}: ${got}`);
  });
});

clusters("a flag declares a cluster, values with commas in quotes", () => {
  const flag = parseClusterFlag(
    'name=eu,endpoint=a:1,endpoint=dns+b:1,strict,label=region="a,b",label=cluster=eu=1',
  );
  assert.equal(flag, {
    name: "eu",
    place: "--cluster name=eu",
    endpoints: ["a:1", "dns+b:1"],
    tls: undefined,
    strict: true,
    optional: false,
    labels: [
      { name: "cluster", value: "eu=1" },
      { name: "region", value: "a,b" },
    ],
    responseTimeoutMs: undefined,
  });
});

for (const [text, wanted] of [
  ["", '"", wants name=…,endpoint=…'],
  ["name=eu", '"name=eu", wants name=…,endpoint=…'],
  ["endpoint=a:1", '"endpoint=a:1", wants name=…'],
  ["name=eu,name=us,endpoint=a:1", '"name=eu,name=us,endpoint=a:1", wants name=…'],
  ["name=e u,endpoint=a:1", '"e u", wants a name of letters'],
  ["name=eu,endpont=a:1", '"endpont", wants endpoint perhaps, or in full name=…'],
  ["name=eu,endpoint=a:1,x=1", '"x", wants name=…'],
  ["name=eu,endpoint=a", '"a", wants <host>:<port> or a DNS form'],
  ["name=eu,endpoint=a:1,endpoint=a:1", '"a:1", wants each endpoint once'],
  ["name=eu,endpoint=a:1,strict=true", '"strict=true", wants strict alone'],
  ["name=eu,endpoint=a:1,label", '"name=eu,endpoint=a:1,label", wants a value after label'],
  ["name=eu,endpoint=a:1,label=x", '"x", wants a label, <name>=<value>'],
  ["name=eu,endpoint=a:1,label=__name__=x", '"__name__=x", wants a label'],
  ["name=eu,endpoint=a:1,label=a=", '"a=", wants the value that'],
  ["name=eu,endpoint=a:1,label=a=1,label=a=2", '"a=2", wants each label once'],
  ["name=eu,endpoint=a:1,strict,optional", "name=eu,endpoint=a:1,strict,optional: it is both strict and"],
] as const) {
  clusters(`--cluster=${text} is refused`, () => {
    const got = refusal(() => parseClusterFlag(text));
    assert.is(got.slice(0, wanted.length), wanted);
  });
}

clusters("a name, and an endpoint, that is declared twice is refused with both places", () => {
  const one = read("clusters:\n  - name: eu\n    endpoints: [a:1]\n  - name: us\n    endpoints: [b:1]\n");
  const join = (flag: string) => refusal(() => joinClusters([...one, parseClusterFlag(flag)]));
  assert.is(join("name=ap,endpoint=c:1"), "read");
  assert.is(
    join("name=us,endpoint=c:1"),
    '--cluster name=us: cluster "us" is declared at conf/sluice.yml:4:5 already, wants a name of its own',
  );
  assert.is(
    join("name=ap,endpoint=a:1"),
    "--cluster name=ap: endpoint a:1 of cluster ap belongs to cluster eu, conf/sluice.yml:2:5, already, wants each endpoint in one cluster",
  );
});

clusters.run();
