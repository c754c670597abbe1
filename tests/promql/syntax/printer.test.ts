import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Expr } from "../../../src/promql/syntax/ast.ts";
import { allFeatures, parseExpr } from "../../../src/promql/syntax/parse.ts";
import { printExpr } from "../../../src/promql/syntax/printer.ts";
import { createPromqlGenerator } from "../../support/promql-generator.ts";
import { everySeed } from "../../support/seeded-random.ts";

const test = suite("printer");

/** Everything about an expression but where it stood and in which order its matchers came. */
function meaningOf(expr: Expr): string {
  return JSON.stringify(expr, (key, value: unknown) => {
    if (key === "span") return undefined;
    if (key === "matchers" && Array.isArray(value))
      return value.map((matcher) => JSON.stringify(matcher)).sort();
    if (typeof value === "number" && !Number.isFinite(value)) return String(value);
    return value;
  });
}

function checkRoundTrip(query: string): void {
  const expr = parseExpr(query, allFeatures);
  const text = printExpr(expr);
  const again = parseExpr(text, allFeatures);
  assert.is(meaningOf(again), meaningOf(expr), `${query} → ${text}`);
  assert.is(printExpr(again), text);
}

test("writes expressions as Prometheus does", () => {
  const cases = {
    "SUM BY(a,b)(x)": "sum by (a, b) (x)",
    "sum without()(x)": "sum without () (x)",
    'sum by ("a.b")(x)': 'sum by ("a.b") (x)',
    "topk(5,x)": "topk(5, x)",
    "a+on()b": "a + on () b",
    "a*ignoring(x)group_left b": "a * ignoring (x) group_left () b",
    "a==bool b": "a == bool b",
    '{__name__="a",b="c"}': '{__name__="a",b="c"}',
    'a{c="1",b!="2"}': 'a{b!="2",c="1"}',
    '{"a.b","c d"="e"}': '{"c d"="e",__name__="a.b"}',
    "a offset -5m @ 1.5": "a @ 1.500 offset -5m",
    "a[90d:1w]": "a[90d:1w]",
    "a[5m] @ end() offset 1h": "a[5m] @ end() offset 1h",
    "a offset 1m anchored @ 5": "a @ 5.000 anchored offset 1m",
    "a[step()*(2+range())]": "a[step() * (2 + range())]",
    "-a": "-a",
    "1e100": `1${"0".repeat(100)}`,
    "1e-7": "0.0000001",
    "-Inf": "-Inf",
    "-0 ^ (-0)": "-0 ^ (-0)",
    "a[(5)]": "a[(5)]",
    "a offset +(5m)": "a offset (5m)",
    "a offset -step()": "a offset -step()",
    "a[-(-5)]": "a[-(-5)]",
    "5m + 90s": "5m + 1m30s",
    "a + fill_left(1) fill_right(2) b": "a + fill_left (1) fill_right (2) b",
    "a + fill(1e-7) b": "a + fill (1e-07) b",
    "'a\"b'": '"a\\"b"',
  };
  for (const [query, text] of Object.entries(cases)) {
    assert.is(printExpr(parseExpr(query, allFeatures)), text, query);
  }
});

test("gives back what was read, for queries of Prometheus's own printing", () => {
  const url = new URL("fixtures/prometheus-answers.json", import.meta.url);
  const answers: readonly { readonly query: string; readonly text?: string }[] = JSON.parse(
    readFileSync(url, "utf8"),
  );
  for (const { query, text } of answers) if (text !== undefined) checkRoundTrip(query);
});

test("gives back the tree that was printed, for generated trees", async () => {
  const metrics = ["foo", "a:b", "sum", "offset", "start", "fill", "and", "x.y"];
  const labels = { a: ["", "é", '"'], on: ["y\n"], "b c": ["z\\"] };
  const numbers = [
    0,
    -0,
    1,
    -1,
    0.1,
    1e-7,
    1e100,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ];
  await everySeed(500, (random) => {
    const generator = createPromqlGenerator({ random, metrics, labels, numbers });
    for (const expr of [generator.expr(2), generator.vector(5), generator.scalar(5)]) {
      const text = printExpr(expr);
      assert.is(meaningOf(parseExpr(text, allFeatures)), meaningOf(expr), text);
    }
  });
});

test.run();
