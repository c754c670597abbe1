import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createEngine } from "../../src/promql/exec/create-engine.ts";
import { runScript } from "./run-script.ts";

const test = suite("script runner");

const engine = createEngine({
  lookbackDeltaMs: 300_000,
  defaultSubqueryStepMs: 60_000,
  maxSamples: 10_000,
  features: new Set(),
  delayedNameRemoval: true,
});

const data = `
load 1m
  foo{a="1"} 0+1x10
  foo{a="2"} 0+2x10 stale
  hist       {{schema:0 count:1 sum:1 buckets:[1]}}+{{count:1 sum:1 buckets:[1]}}x10
`;

/** Verdict of one evaluation over `data`, with its reason. */
async function verdictOf(evaluation: string): Promise<string> {
  const verdicts = await runScript(engine, `${data}\n${evaluation}\n`);
  assert.is(verdicts.length, 1);
  const verdict = verdicts[0]?.verdict;
  if (verdict === undefined) return "nothing ran";
  return verdict.kind === "passed" ? "passed" : `${verdict.kind}: ${verdict.reason}`;
}

test("passes what is as expected", async () => {
  const passing = [
    'eval instant at 5m foo\n  foo{a="1"} 5\n  foo{a="2"} 10',
    "eval instant at 5m sum(foo)\n  {} 15",
    'eval instant at 12m foo\n  foo{a="1"} 10',
    "eval instant at 5m 1 + 1\n  2",
    'eval range from 1m to 3m step 1m foo{a="1"}\n  foo{a="1"} 1 2 3',
    'eval range from 9m to 11m step 1m foo{a="2"}\n  foo{a="2"} 18 20 _',
    'eval instant at 5m topk(2, foo)\n  expect ordered\n  foo{a="2"} 10\n  foo{a="1"} 5',
    'eval instant at 5m "x\\n"\n  expect string "x\\n"',
    'eval instant at 3m foo{a="1"}[2m]\n  expect range vector from 2m to 3m step 1m\n  foo{a="1"} 2 3',
    "eval instant at 5m foo + on () foo\n  expect fail regex:found duplicate series",
    "eval_fail instant at 5m foo + on () foo",
    "eval instant at 5m nothing",
  ];
  for (const evaluation of passing) assert.is(await verdictOf(evaluation), "passed", evaluation);
});

test("finds every way to be wrong", async () => {
  const wrong = {
    "eval instant at 5m sum(foo)\n  {} 15.1": /^wrong: wants 15.1 for {}, got 15 /,
    'eval instant at 5m foo\n  foo{a="1"} 5': /^wrong: does not want .*a="2"/,
    'eval instant at 5m foo{a="1"}\n  foo{a="1"} 5\n  foo{a="3"} 1': /^wrong: misses .*a="3"/,
    'eval range from 1m to 3m step 1m foo{a="1"}\n  foo{a="1"} 1 2': /^wrong: wants 1 2 for/,
    'eval range from 1m to 3m step 1m foo{a="1"}\n  foo{a="1"} 1 2 4': /^wrong: wants 1 2 4 for/,
    'eval instant at 5m topk(2, foo)\n  expect ordered\n  foo{a="1"} 5\n  foo{a="2"} 10':
      /^wrong: wants another order/,
    "eval instant at 5m 1 + 1\n  3": /^wrong: got the scalar 2/,
    'eval instant at 5m "x"\n  expect string "y"': /^wrong: got the string x/,
    "eval instant at 5m foo\n  expect fail": /^wrong: wants an error, got/,
    "eval instant at 5m foo + on () foo\n  expect fail msg:something else":
      /^wrong: wants the error something else, got/,
    "eval instant at 5m foo + on () foo\n  {} 1": /^wrong: found duplicate series/,
    "eval instant at 5m foo +\n  {} 1": /^wrong: 1:6: parse error/,
  };
  for (const [evaluation, reason] of Object.entries(wrong))
    assert.match(await verdictOf(evaluation), reason, evaluation);
});

test("also runs with pinned selectors and as the middle of a range", async () => {
  // A function of time alone differs from run to run: only the runs that cannot hold it are left out.
  assert.is(await verdictOf("eval instant at 5m time()\n  300"), "passed");
  assert.is(
    await verdictOf('eval instant at 5m sum_over_time(foo[2m:1m] @ 3m)\n  {a="1"} 5\n  {a="2"} 10'),
    "passed",
  );
});

test("compares histograms but for empty buckets, and hints where they are told", async () => {
  const passing = [
    "eval instant at 5m hist\n  hist {{schema:0 count:6 sum:6 buckets:[6]}}",
    "eval instant at 5m hist\n  hist {{count:6 sum:6 offset:-1 buckets:[0 6 0]}}",
    "eval instant at 5m hist\n  hist {{count:6 sum:6 buckets:[6] counter_reset_hint:not_reset}}",
    "eval instant at 0 hist\n  hist {{count:1 sum:1 buckets:[1] counter_reset_hint:unknown}}",
  ];
  for (const evaluation of passing) assert.is(await verdictOf(evaluation), "passed", evaluation);
  const wrong = [
    "eval instant at 5m hist\n  hist {{schema:1 count:6 sum:6 buckets:[6]}}",
    "eval instant at 5m hist\n  hist {{count:6 sum:6 buckets:[5]}}",
    "eval instant at 5m hist\n  hist {{count:6 sum:6 buckets:[6] counter_reset_hint:reset}}",
    "eval instant at 5m hist\n  hist 6",
  ];
  for (const evaluation of wrong) assert.match(await verdictOf(evaluation), /^wrong: wants /, evaluation);
});

test("compares annotations where anything is said of them", async () => {
  const warned = "eval instant at 5m quantile(7, foo)";
  const text = "PromQL warning: quantile value should be between 0 and 1, got 7 (1:10)";
  const answer = "  {} Inf";
  const verdicts = [
    [`${warned}\n${answer}`, /^passed/],
    [`${warned}\n  expect warn\n${answer}`, /^passed/],
    [`${warned}\n  expect warn msg: ${text}\n  expect no_info\n${answer}`, /^passed/],
    [`${warned}\n  expect warn regex: got 7\n${answer}`, /^passed/],
    [`${warned}\n  expect no_warn\n${answer}`, /^wrong: does not want the warning .*got 7/],
    [`${warned}\n  expect warn msg: else\n${answer}`, /^wrong: wants the warning else, got .*got 7/],
    [`${warned}\n  expect info\n${answer}`, /^wrong: wants the info of any text, got none/],
  ] as const;
  for (const [evaluation, verdict] of verdicts)
    assert.match(await verdictOf(evaluation), verdict, evaluation);
});

test("refuses a script that it cannot read, naming the line", async () => {
  for (const script of ["load\n", "evil instant at 1m x\n", "eval instant at 1m x\n  x{ 1\n"]) {
    try {
      await runScript(engine, `\n${script}`);
      assert.unreachable();
    } catch (error) {
      assert.match(String(error), /Cannot read line 2/);
    }
  }
});

test.run();
