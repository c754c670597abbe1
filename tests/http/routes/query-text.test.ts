import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createEngine } from "../../../src/promql/exec/create-engine.ts";
import { createTestApi, form } from "../../support/http-api.ts";

const test = suite("format_query and parse_query");

const failed = (error: string) => JSON.stringify({ status: "error", errorType: "bad_data", error });
const withQuery = (path: string, query: string) => `/api/v1/${path}?query=${encodeURIComponent(query)}`;

test("a query comes back laid out", async () => {
  const { ask } = createTestApi();
  const answer = await ask(withQuery("format_query", "SUM BY(a)(x{b='<'})"));
  assert.is(answer.status, 200);
  assert.is(answer.text, '{"status":"success","data":"sum by (a) (x{b=\\"\\u003c\\"})"}');
  assert.is(answer.headers["Content-Type"], "application/json");
  const long = "a".repeat(60);
  const split = await ask("/api/v1/format_query", form([["query", `${long}+${long}`]]));
  assert.is(split.text, `{"status":"success","data":"  ${long}\\n+\\n  ${long}"}`);
});

test("a query comes back as a tree, members in the order of their names", async () => {
  const { ask } = createTestApi();
  const answer = await ask("/api/v1/parse_query", form([["query", "-rate(x{a!~'b\\f'}[5m] @ end())"]]));
  assert.is(
    answer.text,
    '{"status":"success","data":{"expr":{"args":[{"anchored":false,"matchers":[' +
      '{"name":"a","type":"!~","value":"b\\u000c"},{"name":"__name__","type":"=","value":"x"}],"name":"x",' +
      '"offset":0,"offsetExpr":null,"range":300000,"rangeExpr":null,"smoothed":false,"startOrEnd":"end",' +
      '"timestamp":null,"type":"matrixSelector"}],"func":{"argTypes":["matrix"],"name":"rate",' +
      '"returnType":"vector","variadic":0},"type":"call"},"op":"-","type":"unaryExpr"}}',
  );
});

test("a broken query is bad data, named by its parameter", async () => {
  const { ask } = createTestApi();
  for (const path of ["format_query", "parse_query"]) {
    const answer = await ask(withQuery(path, "foo bar"));
    assert.is(answer.status, 400);
    assert.is(
      answer.text,
      failed('invalid parameter "query": 1:5: parse error: unexpected identifier "bar"'),
    );
    const empty = await ask(`/api/v1/${path}`);
    assert.is(
      empty.text,
      failed('invalid parameter "query": unknown position: parse error: no expression found in input'),
    );
  }
});

test("only the language that is switched on is read, and a fill value that JSON cannot hold is no tree", async () => {
  const query = withQuery("parse_query", "a + fill(NaN) b");
  const off = await createTestApi().ask(query);
  assert.is(
    off.text,
    failed(
      'invalid parameter "query": 1:1: parse error: binop fill modifiers are experimental and not enabled',
    ),
  );
  const engine = createEngine({
    lookbackDeltaMs: 300_000,
    defaultSubqueryStepMs: 60_000,
    maxSamples: 1_000,
    features: new Set(["promql-binop-fill-modifiers"]),
    delayedNameRemoval: false,
  });
  const on = await createTestApi({ engine }).ask(query);
  assert.is(on.status, 500);
  assert.is(on.text, '{"status":"error","errorType":"internal","error":"unsupported value: NaN"}');
});

test.run();
