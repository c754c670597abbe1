import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../../src/lib/errors.ts";
import type { Expr } from "../../../src/promql/syntax/ast.ts";
import { typeOf } from "../../../src/promql/syntax/check.ts";
import {
  allFeatures,
  type Diagnostic,
  maxQueryBytes,
  parseExpr,
  parseMetricSelector,
  parseQuery,
  stableFeatures,
} from "../../../src/promql/syntax/parse.ts";
import { printExpr } from "../../../src/promql/syntax/printer.ts";

const test = suite("parser");

interface PrometheusAnswer {
  readonly query: string;
  readonly text?: string;
  readonly type?: string;
  readonly error?: string;
  readonly start?: number;
  readonly end?: number;
}

const answers: readonly PrometheusAnswer[] = JSON.parse(
  readFileSync(new URL("fixtures/prometheus-answers.json", import.meta.url), "utf8"),
);

function messageOf(query: string | Uint8Array, options = allFeatures): string {
  const result = parseQuery(query, options);
  return result.expr === undefined ? result.message : "valid";
}

test("says what Prometheus says about valid and broken queries", () => {
  assert.ok(answers.length > 300);
  for (const { query, text, type, error, start, end } of answers) {
    const result = parseQuery(query, allFeatures);
    assert.is(result.expr === undefined ? result.message : undefined, error, query);
    if (result.expr === undefined) {
      assert.is(result.diagnostics[0].start, start, query);
      assert.is(result.diagnostics[0].end, end, query);
    } else {
      assert.is(printExpr(result.expr), text, query);
      assert.is(typeOf(result.expr), type, query);
    }
  }
});

const broken: readonly { readonly query: string; readonly errors: readonly Diagnostic[] }[] = JSON.parse(
  readFileSync(new URL("fixtures/broken-queries.json", import.meta.url), "utf8"),
);

test("finds all that Prometheus finds in broken queries, in its order", () => {
  assert.ok(broken.length > 150);
  for (const { query, errors } of broken) {
    assert.equal(parseQuery(query, allFeatures).diagnostics, errors, query);
  }
});

test("builds selectors with the name as the last matcher", () => {
  assert.equal(parseExpr('foo{a="1",b!~"x|y"} offset 5m @ 1.5', stableFeatures), {
    kind: "vector-selector",
    name: "foo",
    matchers: [
      { type: "=", name: "a", value: "1" },
      { type: "!~", name: "b", value: "x|y" },
      { type: "=", name: "__name__", value: "foo" },
    ],
    anchored: false,
    smoothed: false,
    at: { kind: "time", ms: 1500 },
    offsetMs: 300_000,
    offsetExpr: undefined,
    span: { start: 0, end: 35 },
  });
});

/** Operators and names of an expression as nested lists, parentheses left out. */
function shapeOf(expr: Expr): unknown {
  switch (expr.kind) {
    case "paren":
      return shapeOf(expr.expr);
    case "unary":
      return [expr.op, shapeOf(expr.expr)];
    case "binary":
      return [shapeOf(expr.lhs), expr.op, shapeOf(expr.rhs)];
    case "vector-selector":
      return expr.offsetMs === 0 ? expr.name : [expr.name, "offset"];
    default:
      return expr.kind;
  }
}

test("binds operators as Prometheus does", () => {
  const same = [
    ["a + b * c", "a + (b * c)"],
    ["a ^ b ^ c", "a ^ (b ^ c)"],
    ["a - b - c", "(a - b) - c"],
    ["-a ^ b", "-(a ^ b)"],
    ["-a * b", "(-a) * b"],
    ["a or b and c", "a or (b and c)"],
    ["a == b + c", "a == (b + c)"],
    ["a atan2 b + c", "(a atan2 b) + c"],
    ["a ^ -b ^ c", "a ^ (-(b ^ c))"],
    ["a * b offset 5m", "a * (b offset 5m)"],
    ["a offset -5 + b", "(a offset -5) + b"],
  ] as const;
  for (const [plain, grouped] of same) {
    const read = (query: string) => shapeOf(parseExpr(query, allFeatures));
    assert.equal(read(plain), read(grouped), plain);
  }
});

test("binds durations as Prometheus does", () => {
  const rangeOf = (query: string) => {
    const expr = parseExpr(query, allFeatures);
    const range = expr.kind === "matrix-selector" ? expr.rangeExpr : undefined;
    // Where parts stood does not matter, nor what was in parentheses.
    return JSON.stringify(range, (key, value) => (key === "span" || key === "wrapped" ? undefined : value));
  };
  for (const [plain, grouped] of [
    ["2 ^ 3 ^ 2", "2 ^ (3 ^ 2)"],
    ["2 - 1 - step()", "(2 - 1) - step()"],
    ["1 + 2 * 3", "1 + (2 * 3)"],
    ["-2 ^ 2", "-(2 ^ 2)"],
  ] as const) {
    assert.is(rangeOf(`a[${plain}]`), rangeOf(`a[${grouped}]`), plain);
    assert.not.equal(rangeOf(`a[${plain}]`), undefined);
  }
  assert.is(printExpr(parseExpr("foo offset -2 ^ 2 == b", allFeatures)), "foo offset -2s ^ 2 == b");
});

test("settles how vectors are matched", () => {
  const matchingOf = (query: string) => {
    const expr = parseExpr(query, allFeatures);
    return expr.kind === "binary" ? expr.matching : assert.unreachable();
  };
  assert.is(matchingOf("a + 1"), undefined);
  assert.is(matchingOf("1 + on () a"), undefined);
  assert.is(matchingOf("a and b")?.card, "many-to-many");
  assert.equal(matchingOf("a * on (x) group_left (y) b"), {
    card: "many-to-one",
    labels: ["x"],
    on: true,
    include: ["y"],
    fillLeft: undefined,
    fillRight: undefined,
  });
  assert.is(matchingOf("a + fill_left (2) b")?.fillLeft, 2);
});

test("counts places in bytes, lines and columns", () => {
  assert.is(messageOf('"é" + foo bar'), '1:12: parse error: unexpected identifier "bar"');
  assert.is(messageOf("foo\n  + é"), "2:5: parse error: unexpected character: 'é'");
  assert.is(messageOf(""), "unknown position: parse error: no expression found in input");
  assert.is(messageOf("#x\n"), "1:1: parse error: no expression found in input");
});

test("takes bytes, and refuses those that are no UTF-8", () => {
  assert.is(messageOf(new TextEncoder().encode("é")), "1:1: parse error: unexpected character: 'é'");
  const query = Uint8Array.of(...new TextEncoder().encode('a{b="'), 0xff, 0x22, 0x7d);
  const result = parseQuery(query, allFeatures);
  assert.equal(result.diagnostics, [{ start: 4, end: 8, message: "invalid UTF-8 rune" }]);
});

test("keeps experimental parts off unless asked", () => {
  const cases = {
    "limitk(1, foo)":
      "1:1: parse error: limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions",
    "info(foo)": '1:1: parse error: function "info" is not enabled',
    "foo[5m] anchored": "1:1: parse error: anchored modifier is experimental and not enabled",
    "foo + fill (0) bar": "1:1: parse error: binop fill modifiers are experimental and not enabled",
    "foo[5m + 1m]": "valid",
  };
  for (const [query, message] of Object.entries(cases)) {
    assert.is(messageOf(query, stableFeatures), message);
    assert.is(messageOf(query, allFeatures), "valid", query);
  }
});

test("throws what is wrong as bad_data", () => {
  try {
    parseExpr("foo bar", stableFeatures);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, GatewayError);
    assert.is((error as GatewayError).code, "bad_data");
    assert.is((error as GatewayError).message, '1:5: parse error: unexpected identifier "bar"');
  }
});

test("ends deep, tall and long queries in one error, soon", () => {
  const n = 100_000;
  const queries = [
    "(".repeat(n),
    "-".repeat(n),
    `${"abs(".repeat(n)}x`,
    `1${"+1".repeat(n)}`,
    `1${"^1".repeat(n)}`,
    `x${"[5m:]".repeat(n)}`,
    `x[${"(".repeat(n)}`,
    `x[1${"*1".repeat(n)}]`,
    `x${" or x".repeat(n)}`,
  ];
  for (const query of queries)
    assert.match(
      messageOf(query),
      /expression nests too deeply, wants at most (?:500|1000) levels$/,
      query.slice(0, 9),
    );
  const long = `{a="${"x".repeat(10 << 20)}"}`;
  assert.is(
    messageOf(long),
    `1:1: parse error: query is too long: ${long.length} characters, wants at most ${maxQueryBytes}`,
  );
  const wide = `label_join(x${',"a"'.repeat(40_000)})`;
  assert.is(
    messageOf(wide),
    "1:65542: parse error: query has too many parts, wants at most 32768 names, values, operators and the like",
  );
  const tall = parseExpr(`1${"+1".repeat(900)}`, stableFeatures);
  assert.is(printExpr(tall).length, 1 + 900 * 4);
});

test("reads numbers as Go's lexer does", () => {
  const numberOf = (query: string) => {
    const expr = parseExpr(query, stableFeatures);
    return expr.kind === "number" ? expr.value : "not a number";
  };
  assert.is(numberOf("0xA5e35e3"), 0xa5e35e3);
  assert.is(numberOf("1_000.5e-1_0"), 1_000.5e-10);
  assert.match(messageOf("0xA5e35e30x"), /bad number or duration syntax: "0xA5e35e30"$/);
  assert.is(printExpr(parseExpr("foo @ 9999999999990000", stableFeatures)), "foo @ -9223372036854776.000");
  assert.is(printExpr(parseExpr("foo offset nan", stableFeatures)), "foo offset -106751d23h47m16s854ms");
});

test("broken parts side by side are no nesting", () => {
  const { diagnostics } = parseQuery(`abs(${"a[1+:2], ".repeat(400)}a)`, allFeatures);
  assert.is(diagnostics.length, 400);
  assert.match(diagnostics.at(-1)?.message ?? "", /in subquery or range selector/);
});

test("keeps bytes of escapes that form no UTF-8", () => {
  const textOf = (query: string) => {
    const expr = parseExpr(query, stableFeatures);
    return expr.kind === "string" ? expr.value : "not a string";
  };
  assert.is(textOf('"\\u00e9\\x41\\102\\xc3\\xa9\\n"'), "éABé\n");
  assert.is(textOf("`a\\n`"), "a\\n");
  assert.not.ok(textOf('"\\xff"').isWellFormed());
  assert.is(printExpr(parseExpr('"a\\xff☺"', stableFeatures)), '"a\\xff☺"');
});

test("reads series selectors for match[]", () => {
  assert.equal(parseMetricSelector('foo{a=~"b.*"}'), [
    { type: "=~", name: "a", value: "b.*" },
    { type: "=", name: "__name__", value: "foo" },
  ]);
  assert.equal(parseMetricSelector("{}"), []);
  assert.equal(parseMetricSelector('{"my.metric"}'), [{ type: "=", name: "__name__", value: "my.metric" }]);
  const cases = {
    "foo[5m]": '1:4: parse error: unexpected "["',
    "1": '1:1: parse error: unexpected number "1"',
    'foo{a=~"("}': "1:5: parse error: error parsing regexp: missing closing ): `(`",
    "": "unknown position: parse error: unexpected end of input",
  };
  for (const [text, message] of Object.entries(cases)) {
    assert.throws(
      () => parseMetricSelector(text),
      (error: Error) => error.message === message,
      text,
    );
  }
});

test.run();
