import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { allFeatures, parseExpr } from "../../../src/promql/syntax/parse.ts";
import { prettyExpr } from "../../../src/promql/syntax/prettifier.ts";
import { printExpr } from "../../../src/promql/syntax/printer.ts";
import { createPromqlGenerator } from "../../support/promql-generator.ts";
import { everySeed } from "../../support/seeded-random.ts";

const test = suite("prettifier");

const recorded: readonly { readonly query: string; readonly text: string; readonly pretty: string }[] =
  JSON.parse(readFileSync(new URL("fixtures/printed-queries.json", import.meta.url), "utf8"));

test("prints and lays out as Prometheus does", () => {
  assert.ok(recorded.length > 150);
  for (const { query, text, pretty } of recorded) {
    const expr = parseExpr(query, allFeatures);
    assert.is(printExpr(expr), text, query);
    assert.is(prettyExpr(expr), pretty, query);
  }
});

test("keeps a hundred bytes on a line, and counts bytes", () => {
  const name = "a".repeat(97);
  assert.is(prettyExpr(parseExpr(`-(${name})`, allFeatures)), `-(${name})`);
  const text = `("${"x".repeat(60)}")`;
  assert.is(prettyExpr(parseExpr(text, allFeatures)), text);
  assert.is(prettyExpr(parseExpr(`(${name}b)`, allFeatures)), `(${name}b)`);
  assert.is(prettyExpr(parseExpr(`(${name}bc)`, allFeatures)), `(\n  ${name}bc\n)`);
  assert.is(prettyExpr(parseExpr(`(x{l="${"é".repeat(45)}"})`, allFeatures)), `(x{l="${"é".repeat(45)}"})`);
  assert.is(
    prettyExpr(parseExpr(`(x{l="${"é".repeat(46)}"})`, allFeatures)),
    `(\n  x{l="${"é".repeat(46)}"}\n)`,
  );
});

test("what is laid out reads back the same", async () => {
  await everySeed(200, (random) => {
    const labels = { job: ["api", "a\nb"], "le of": ["0.5", ""] };
    const generator = createPromqlGenerator({ random, metrics: ["foo_total", "a.b"], labels });
    const text = printExpr(generator.expr(7));
    const pretty = prettyExpr(parseExpr(text, allFeatures));
    assert.is(printExpr(parseExpr(pretty, allFeatures)), text);
  });
});

test("indentation that multiplies is refused", () => {
  const arguments_ = Array.from({ length: 15_000 }, () => '"a"').join(",");
  const deep = `${"(".repeat(480)}label_join(x, "a", ${arguments_})${")".repeat(480)}`;
  const expr = parseExpr(deep, allFeatures);
  assert.throws(() => prettyExpr(expr), /formatted query is too long/);
});

test.run();
