import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { exprJson } from "../../../src/promql/syntax/expr-json.ts";
import { allFeatures, parseExpr } from "../../../src/promql/syntax/parse.ts";

const test = suite("syntax tree as JSON");

const recorded: readonly { readonly query: string; readonly tree: unknown }[] = JSON.parse(
  readFileSync(new URL("fixtures/syntax-trees.json", import.meta.url), "utf8"),
);

test("has the members that Prometheus's tree has", () => {
  assert.ok(recorded.length > 60);
  for (const { query, tree } of recorded) {
    assert.equal(exprJson(parseExpr(query, allFeatures)), tree, query);
  }
});

test("members stand in the order of their names", () => {
  for (const { query } of recorded) {
    JSON.stringify(exprJson(parseExpr(query, allFeatures)), (_, value: unknown) => {
      if (value !== null && typeof value === "object" && !Array.isArray(value)) {
        assert.equal(Object.keys(value), Object.keys(value).sort(), query);
      }
      return value;
    });
  }
});

test.run();
