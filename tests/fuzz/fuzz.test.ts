import { suite } from "uvu";
import * as assert from "uvu/assert";
import { debianPrometheus, peerOrNotRun } from "../support/peers.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createApiClient } from "./ask-api.ts";
import { compareAnswers } from "./compare-answers.ts";
import { fuzz } from "./fuzz.ts";
import { nextQuery } from "./query-grammar.ts";
import { node, textOf } from "./query-node.ts";
import { shrink } from "./shrink.ts";
import { startPair } from "./start-pair.ts";

const fuzzing = suite("random queries");
const programs = peerOrNotRun("random queries against a real Prometheus", debianPrometheus);

const seed = 20_240_601;

function onPair(name: string, body: () => Promise<void>): void {
  if (programs === undefined) fuzzing.skip(name);
  else fuzzing(name, body);
}

onPair("a hundred answers are those of Prometheus", async () => {
  assert.ok(programs !== undefined);
  const pair = await startPair({ programs, modern: false });
  const [gateway, prometheus] = [createApiClient(pair.gateway), createApiClient(pair.prometheus)];
  try {
    const found: string[] = [];
    const tally = await fuzz({
      seed,
      from: 0,
      queries: 100,
      budgetMs: 60_000,
      features: new Set(["floats"]),
      annotations: false,
      shrink: false,
      modern: false,
      gateway,
      prometheus,
      onDifference: ({ query, text }) => found.push(`${textOf(query)}: ${text}`),
    });
    pair.checkAlive();
    assert.equal(found, [], `seed ${seed}`);
    assert.ok(tally.queries > 20, `only ${tally.queries} queries in a minute`);
    assert.ok(tally.errors + tally.empty < 1.2 * tally.queries, "most answers are errors or empty");
  } finally {
    gateway.close();
    prometheus.close();
    await pair.close();
  }
});

fuzzing("a seed gives the same queries every time, of all classes", () => {
  const features = new Set(["floats", "histograms", "experimental"] as const);
  const texts = (first: number) =>
    Array.from({ length: 300 }, (_, i) => {
      return textOf(nextQuery(createSeededRandom(first + i), { modern: true, features }).query);
    });
  assert.equal(texts(1), texts(1));
  assert.not.equal(texts(1), texts(2));
  const all = texts(1).join("\n");
  for (const part of [
    "rate(",
    " by (",
    " @ ",
    " offset -",
    "group_left",
    "[5m:",
    "rpc_seconds",
    "anchored",
  ]) {
    assert.ok(all.includes(part), `no query has ${part}`);
  }
});

fuzzing("old servers are asked nothing that they do not know", () => {
  const features = new Set(["floats", "histograms", "experimental"] as const);
  for (let i = 0; i < 300; i++) {
    const text = textOf(nextQuery(createSeededRandom(i), { modern: false, features }).query);
    assert.not.match(text, /rpc_seconds|anchored|smoothed|fill|limitk|first_over_time|edge_|mad_over_time/);
  }
});

fuzzing("a failing query is reduced to what fails", async () => {
  const inner = node("vector", "rate(", node("matrix", node("selector", "http_requests_total"), "[7m]"), ")");
  const query = node("vector", "sum(", node("vector", "abs(", inner, ")"), ") + ", node("scalar", "3"));
  const smallest = await shrink(query, async (candidate) => textOf(candidate).includes("rate("));
  assert.is(textOf(smallest), "rate(up[5m])");
});

const answer = (values: readonly (readonly [number, string])[], metric = { a: "1" }) => ({
  httpStatus: 200,
  status: "success",
  data: { resultType: "matrix", result: [{ metric, values }] },
});
const options = { errorTexts: true, annotations: true, ordered: false };

fuzzing("answers differ by a point, a value, a label, an error and an annotation", () => {
  const want = answer([[1, "1"]]);
  const compare = (got: Parameters<typeof compareAnswers>[0]) => compareAnswers(got, want, options);
  assert.is(compare(answer([[1, "1"]])), undefined);
  assert.is(compare(answer([[1, "1.0000000001"]])), undefined);
  assert.match(compare(answer([[1, "1.00000001"]])) ?? "", /1\.00000001, wants 1/);
  assert.match(compare(answer([[2, "1"]])) ?? "", /wants 1,1/);
  assert.match(compare(answer([])) ?? "", /no point, wants 1,1/);
  assert.match(compare(answer([[1, "NaN"]])) ?? "", /NaN, wants 1/);
  assert.match(compare(answer([[1, "1"]], { a: "2" })) ?? "", /^has /);
  assert.match(compare({ ...want, warnings: ["w"] }) ?? "", /^warnings are/);
  assert.match(
    compare({ httpStatus: 422, status: "error", errorType: "execution" }) ?? "",
    /^HTTP status is 422/,
  );
});

fuzzing.run();
