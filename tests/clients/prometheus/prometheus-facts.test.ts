import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseExternalLabels } from "../../../src/clients/prometheus/external-labels.ts";
import { escapeLabelName } from "../../../src/clients/prometheus/label-name-escape.ts";
import { readLowestTimestamp } from "../../../src/clients/prometheus/lowest-timestamp.ts";
import { formatSelector } from "../../../src/clients/prometheus/prometheus-api.ts";
import { isAllowedRequest } from "../../../src/clients/prometheus/prometheus-requests.ts";
import { takesLabelMatchers } from "../../../src/clients/prometheus/prometheus-version.ts";
import { labelsOf } from "../../../src/model/labels.ts";

const facts = suite("facts about a Prometheus");

facts("external labels come from the global section, as texts, sorted, without empty ones", () => {
  const yaml = `global:
  scrape_interval: 15s
  external_labels:
    replica: "0"
    cluster: eu
    number: 0123
    answer: no
    empty: ""
rule_files:
- a.yml
scrape_configs: [this is {no YAML
`;
  const expected = labelsOf({ replica: "0", cluster: "eu", number: "0123", answer: "no" });
  assert.equal(parseExternalLabels(yaml), expected);
  assert.equal(parseExternalLabels(`alerting: {}\n${yaml}`), expected);
});

facts("a configuration without external labels has none", () => {
  for (const yaml of [
    "",
    "global:\n",
    "global: {}\n",
    "global:\n  scrape_interval: 15s\n",
    "scrape_configs: []\n",
  ]) {
    assert.equal(parseExternalLabels(yaml), []);
  }
  assert.equal(
    parseExternalLabels("scrape_configs:\n- job_name: x\n  global:\n    external_labels: {a: b}\n"),
    [],
  );
});

facts("broken external labels are an error", () => {
  assert.throws(
    () => parseExternalLabels("global:\n  external_labels: [\n"),
    /^Cannot read the configuration/,
  );
  assert.throws(
    () => parseExternalLabels("global:\n  external_labels: x\n"),
    /^Cannot read the external labels/,
  );
});

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

facts("the oldest time is read from metrics, however they are cut", async () => {
  const text = `# HELP prometheus_tsdb_lowest_timestamp_seconds Lowest timestamp
# TYPE prometheus_tsdb_lowest_timestamp_seconds gauge
prometheus_tsdb_lowest_timestamp_seconds_else 7
prometheus_tsdb_lowest_timestamp_seconds 1.6e9
other 1
`;
  for (let cut = 0; cut <= text.length; cut++) {
    assert.is(await readLowestTimestamp(pieces(text.slice(0, cut), text.slice(cut))), 1.6e12);
  }
  assert.is(await readLowestTimestamp(pieces("prometheus_tsdb_lowest_timestamp_seconds 12.345")), 12345);
  assert.is(
    await readLowestTimestamp(pieces("prometheus_tsdb_lowest_timestamp_seconds 9.223372036854776e+15\n")),
    Number.NEGATIVE_INFINITY,
  );
  assert.is(await readLowestTimestamp(pieces("up 1\n")), undefined);
});

facts("reading metrics stops where the time stands", async () => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield* pieces("prometheus_tsdb_lowest_timestamp_seconds 5\n");
    assert.unreachable("read on");
  }
  assert.is(await readLowestTimestamp(endless()), 5000);
});

facts("labels are asked with matchers from 2.24 on", () => {
  for (const version of ["2.24.0", "2.42.0+ds", "2.100.1", "3.0.0", "v3.13.1", "10.0"]) {
    assert.is(takesLabelMatchers(version), true, version);
  }
  for (const version of [undefined, "", "2.23.1", "2.3.0", "1.99", "nightly"]) {
    assert.is(takesLabelMatchers(version), false, version);
  }
});

facts("nothing but reads is on the list of requests", () => {
  const reads = [
    ["POST", "/api/v1/read"],
    ["GET", "/api/v1/series"],
    ["GET", "/api/v1/labels"],
    ["GET", "/api/v1/label/__name__/values"],
    ["GET", "/api/v1/status/config"],
    ["GET", "/api/v1/status/buildinfo"],
    ["GET", "/metrics"],
  ] as const;
  for (const [method, path] of reads) assert.is(isAllowedRequest(method, path), true, path);
  const others = [
    ["GET", "/api/v1/read"],
    ["POST", "/api/v1/series"],
    ["POST", "/api/v1/write"],
    ["POST", "/api/v1/admin/tsdb/delete_series"],
    ["PUT", "/api/v1/admin/tsdb/snapshot"],
    ["POST", "/-/reload"],
    ["PUT", "/-/quit"],
    ["DELETE", "/api/v1/series"],
    ["GET", "/api/v1/label/../../admin/values"],
    ["GET", "/api/v1/label/a/values/../../x"],
    ["GET", "/api/v1/label/a%2f/values"],
    ["GET", "/metrics/x"],
    ["GET", "/x/metrics"],
  ] as const;
  for (const [method, path] of others) assert.is(isAllowedRequest(method, path), false, `${method} ${path}`);
});

facts("label names in paths are bare or in the escaped form of Prometheus 3", () => {
  assert.is(escapeLabelName("job_2"), "job_2");
  assert.is(escapeLabelName("http.status"), "U__http_2e_status");
  assert.is(escapeLabelName("a_b.c"), "U__a__b_2e_c");
  assert.is(escapeLabelName("é"), "U___e9_");
});

facts("selectors are written as PromQL reads them", () => {
  const selector = formatSelector([
    { name: "a", type: "=", value: 'x"\\\n' },
    { name: "b", type: "!~", value: ".+" },
    { name: "c.d", type: "=~", value: "é" },
  ]);
  assert.is(selector, '{a="x\\"\\\\\\n",b!~".+","c.d"=~"é"}');
});

facts.run();
