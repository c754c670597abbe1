import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../../src/lib/errors.ts";
import { buildPlan } from "../../../src/promql/plan/build-plan.ts";
import type { PlanNode } from "../../../src/promql/plan/node.ts";
import { stepInvariants } from "../../../src/promql/plan/step-invariant.ts";
import { allFeatures, parseExpr } from "../../../src/promql/syntax/parse.ts";
import { printPlan } from "../../support/print-plan.ts";

const test = suite("plans");

const times = { startMs: 60_000, endMs: 360_000, stepMs: 30_000, defaultSubqueryStepMs: 60_000 };

function plan(query: string, over: Partial<typeof times> = {}): PlanNode {
  return stepInvariants.apply(buildPlan(parseExpr(query, allFeatures), { ...times, ...over }), {
    replicaLabels: undefined,
  });
}

const cases: readonly [string, string][] = [
  ["x", ":x"],
  ["((x))", ":x"],
  ["+x", ":x"],
  ["-(1)", "-1"],
  ["-x", "-:x"],
  ["x offset 1m", ":x-60000"],
  ["x @ 10 offset -1m", "once(:x@10000--60000)"],
  ["x @ start()", "once(:x@60000)"],
  ["x @ end()", "once(:x@360000)"],
  ["sum(rate(x[5m]))", "sum(rate(rate:x[300000]))"],
  ["sum(x)", "sum(sum:x)"],
  ["sum(x + y)", "sum((:x + :y))"],
  ["abs(-x)", "abs(-abs:x)"],
  ["max_over_time((-x)[5m:])", "max_over_time((-max_over_time:x)[300000:60000])"],
  ["max_over_time(x[5m:10s] offset 1m)", "max_over_time((max_over_time:x)[300000:10000]-60000)"],
  ["max_over_time(x[5m:10s] @ 100)", "once(max_over_time((max_over_time:x)[300000:10000]@100000))"],
  ["max_over_time(abs(x @ 1)[5m:10s])", "max_over_time((once(abs(abs:x@1000)))[300000:10000])"],
  ["sum(x @ 1) + y", "(once(sum(sum:x@1000)) + :y)"],
  ["sum(x @ 1) + 2", "once((sum(sum:x@1000) + 2))"],
  ["x + 2", "(:x + 2)"],
  ["x + (1 + 2)", "(:x + once((1 + 2)))"],
  ["rate(x[5m] @ 1)", "once(rate(rate:x@1000[300000]))"],
  [
    "quantile_over_time(0.5, x[5m] @ 1) > y",
    "(once(quantile_over_time(0.5, quantile_over_time:x@1000[300000])) > :y)",
  ],
  ["timestamp(x @ 1)", "timestamp(once(timestamp:x@1000))"],
  ["predict_linear(x[5m] @ 1, 5)", "predict_linear(predict_linear:x@1000[300000], 5)"],
  ["vector(1)", "once(vector(1))"],
  ["vector(time())", "vector(time())"],
  ["topk(scalar(y), x)", "topk(scalar(scalar:y), topk:x)"],
  ["start() + end() + range() + step()", "once((((60 + 360) + 300) + 30))"],
  ["x[step() * 2]", ":x[60000]"],
  ["x[range()]", ":x[300000]"],
  ["x[5m:step()]", "(:x)[300000:30000]"],
  ["x offset -(1m + 5s)", ":x--65000"],
  ["x[max_of(step(), 1m)]", ":x[60000]"],
  ["x[1.0006 + 0.0006]", ":x[1001]"],
];

for (const [query, want] of cases) {
  test(`${query} is planned as ${want}`, () => assert.is(printPlan(plan(query)), want));
}

const failures: readonly [string, string][] = [
  ["x[step() - 30s]", "2:14: duration must be greater than 0"],
  ["x[1m / (step() - 30s)]", "2:20: division by zero"],
  ["x[1m % (step() - 30s)]", "2:20: modulo by zero"],
  ["x[1m ^ 9000]", "2:11: duration is NaN or infinite"],
  ["x[5m ^ 8]", "2:8: duration is out of range"],
];

for (const [query, want] of failures) {
  test(`${query} cannot be planned`, () => {
    try {
      plan(query);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, GatewayError);
      assert.is((error as GatewayError).code, "bad_data");
      assert.is((error as GatewayError).message, want);
    }
  });
}

test("step() is zero for an instant query", () => {
  assert.throws(
    () => plan("x[step()]", { stepMs: 0 }),
    (error: GatewayError) =>
      error.code === "bad_data" && error.message === "2:8: duration must be greater than 0",
  );
});

test.run();
