import { suite } from "uvu";
import * as assert from "uvu/assert";
import { buildPlan } from "../../../src/promql/plan/build-plan.ts";
import { rewritePlan, rewrites } from "../../../src/promql/plan/rewrites/rewrites.ts";
import { allFeatures, parseExpr } from "../../../src/promql/syntax/parse.ts";
import { printPlan } from "../../support/print-plan.ts";

const test = suite("plan rewrites");

const times = { startMs: 60_000, endMs: 360_000, stepMs: 30_000, defaultSubqueryStepMs: 60_000 };
const nobody: readonly string[] = [];

/** The plan of a query after one rewrite alone. */
function rewritten(query: string, name: string, replicaLabels: readonly string[] | undefined): string {
  const others = new Set(rewrites.map((rewrite) => rewrite.name).filter((other) => other !== name));
  return printPlan(rewritePlan(buildPlan(parseExpr(query, allFeatures), times), { replicaLabels }, others));
}

function check(name: string, cases: readonly (readonly [string, string, (readonly string[])?])[]): void {
  for (const [query, want, replicaLabels] of cases) {
    test(`${name} makes ${want} of ${query}`, () =>
      assert.is(rewritten(query, name, replicaLabels ?? nobody), want));
  }
}

check("fold-constants", [
  ["60 * 5", "300"],
  ["x > 60 * 5 + 1", "(:x > 301)"],
  ["2 > bool 1", "1"],
  ["1 / 0", "Infinity"],
  ["-(2 ^ 3)", "-8"],
  ["pi() * 2", String(Math.PI * 2)],
  ["max_of(1, min_of(2, 3))", "2"],
  ["1 + time()", "(1 + time())"],
  ["vector(1 + 1)", "vector(2)"],
  ["x + 1 + 2", "((:x + 1) + 2)"],
]);

check("drop-dead-branches", [
  ["x and on () (vector(1) == 2) or y", ":y"],
  ["x and on () (vector(1) == 1) or y", "((:x and (vector(1) == 1)) or :y)"],
  ["x or (vector(1) > 2)", ":x"],
  ["x unless (vector(3) < 2)", ":x"],
  ["(1 > vector(2)) unless x", "nothing"],
  ["sum(x and (vector(1) != 1)) + y", "nothing"],
  ["(vector(1) == bool 2) or y", "((vector(1) == 2) or :y)"],
  ["x + fill (0) (vector(1) == vector(2))", "(:x + nothing)"],
  ["topk(0, x) or y", ":y"],
  ["absent(vector(1) == 2)", "absent(nothing)"],
  ["-(vector(1) == 2)", "nothing"],
  ["(vector(1) == NaN) or y", ":y"],
]);

check("propagate-matchers", [
  ['a{x="1"} / b', "(:a,x=1 / :b,x=1)"],
  ['a{x="1"} / b{x="1"}', "(:a,x=1 / :b,x=1)"],
  [
    'rate(a{x=~"1|2"}[5m]) / rate(b{y!="3"}[1m])',
    "(rate(rate:a,x=~1|2,y!=3[300000]) / rate(rate:b,y!=3,x=~1|2[60000]))",
  ],
  ['a{x="1"} unless b{y="2"}', "(:a,x=1 unless :b,y=2,x=1)"],
  ['a{x="1"} and -b', "(:a,x=1 and -:b,x=1)"],
  ['a{x="1"} or b', "(:a,x=1 or :b)"],
  ['a{x="1"} / on (x) b', "(:a,x=1 / :b)"],
  ['a{x="1"} / ignoring (x) b', "(:a,x=1 / :b)"],
  ['a{x="1"} + fill (0) b', "(:a,x=1 + :b)"],
  ['{__name__=~"a|b",x="1"} / b', "(:a|b,x=1 / :b)"],
  ['a{x="1"} / sum by (x) (b)', "(:a,x=1 / sum(sum:b))"],
  [
    'a{x="1"} / label_replace(b, "x", "1", "", "")',
    '(:a,x=1 / label_replace(label_replace:b, "x", "1", "", ""))',
  ],
  ['a{x="1",replica="a"} / b', "(:a,x=1,replica=a / :b,x=1)", ["replica"]],
]);

test("propagate-matchers leaves alone what is merged by labels it does not know", () => {
  assert.is(rewritten('a{x="1"} / b', "propagate-matchers", undefined), "(:a,x=1 / :b)");
});

check("project-labels", [
  ["sum by (a, b) (x)", "sum(sum:x{a,b})"],
  ["sum(rate(x[1m]))", "sum(rate(rate:x{}[60000]))"],
  ["max without (a) (-abs(x))", "max(-abs(abs:x{all but a}))"],
  ["sum by (a) (x * y)", "sum((:x * :y))"],
  ["sum by (a) (histogram_quantile(0.9, x))", "sum(histogram_quantile(0.9, histogram_quantile:x))"],
]);

check("trim-subqueries", [
  ["max_over_time(x[5m:10s])", "max_over_time((max_over_time:x)[300000:10000]trimmed)"],
  ["max_over_time(x[5m:10s])", "max_over_time((max_over_time:x)[300000:10000])", ["replica"]],
]);

check("share-common", [
  ["sum(x) / sum(x)", "(shared(sum(sum:x)) / shared(sum(sum:x)))"],
  ["sum(x) / (sum(x) + sum(y))", "(shared(sum(sum:x)) / (shared(sum(sum:x)) + sum(sum:y)))"],
  ["2 * sum(x) + 2 * sum(x)", "(shared((2 * sum(sum:x))) + shared((2 * sum(sum:x))))"],
  [
    "abs(sum(x)) + abs(sum(x)) + sum(x)",
    "((shared(abs(shared(sum(sum:x)))) + shared(abs(shared(sum(sum:x))))) + shared(sum(sum:x)))",
  ],
  ["x / x", "(:x / :x)"],
  ["sum(x) / sum by (a) (x)", "(sum(sum:x) / sum(sum:x))"],
  ["max_over_time(sum(x)[5m:]) + sum(x)", "(max_over_time((sum(sum:x))[300000:60000]) + sum(sum:x))"],
  [
    "max_over_time(sum(x)[5m:]) + min_over_time(sum(x)[5m:])",
    "(max_over_time((shared(sum(sum:x)))[300000:60000]) + min_over_time((shared(sum(sum:x)))[300000:60000]))",
  ],
  ["scalar(sum(x)) + scalar(sum(x))", "(scalar(shared(sum(sum:x))) + scalar(shared(sum(sum:x))))"],
]);

test.run();
