import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseTemplate } from "../../../src/promql/functions/expand-template.ts";
import { formatFloat, formatOpenMetrics } from "../../../src/promql/functions/format-float.ts";

const test = suite("texts of functions");

test("floats are written in full, without exponent", () => {
  const cases: readonly [number, string][] = [
    [1, "1"],
    [-0, "-0"],
    [0.1, "0.1"],
    [1e21, "1000000000000000000000"],
    [-1.5e22, "-15000000000000000000000"],
    [1e-7, "0.0000001"],
    [1.25e-9, "0.00000000125"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "+Inf"],
    [Number.NEGATIVE_INFINITY, "-Inf"],
  ];
  for (const [value, text] of cases) assert.is(formatFloat(value), text);
});

test("quantiles are written as OpenMetrics writes them", () => {
  const cases: readonly [number, string][] = [
    [1, "1.0"],
    [0, "0.0"],
    [-0, "0.0"],
    [-1, "-1.0"],
    [0.99, "0.99"],
    [0.00001, "1e-05"],
    [1e6, "1e+06"],
    [123456, "123456.0"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "+Inf"],
  ];
  for (const [value, text] of cases) assert.is(formatOpenMetrics(value), text);
});

test("replacements take groups by number and name", () => {
  const groups = ["whole", "one", "two"];
  const names = ["", "", "name"];
  const cases: readonly [string, string][] = [
    ["$1-$2", "one-two"],
    ["$\u007b1}0", "one0"],
    ["$10", ""],
    ["$1x", ""],
    ["$name/$\u007bname}", "two/two"],
    ["$$1", "$1"],
    ["a$", "a$"],
    ["${", "${"],
    ["$0", "whole"],
  ];
  for (const [text, want] of cases) assert.is(parseTemplate(text, names)(groups), want, text);
});

test("of groups that share a name the first that took part is taken", () => {
  const fill = parseTemplate("[$name]", ["", "name", "name"]);
  assert.is(fill(["xy", "x", "y"]), "[x]");
  assert.is(fill(["y", undefined, "y"]), "[y]");
  assert.is(fill(["", "", "y"]), "[]");
  assert.is(fill(["", undefined, undefined]), "[]");
});

test.run();
