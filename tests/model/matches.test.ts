import { suite } from "uvu";
import * as assert from "uvu/assert";
import { allMatch, createMatcher } from "../../src/model/matches.ts";

const test = suite("matchers");

test("compare whole values", () => {
  const cases = [
    ["=", "a", "a", true],
    ["=", "a", "ab", false],
    ["!=", "a", "", true],
    ["=~", "a|b", "b", true],
    ["=~", "a", "xa", false],
    ["=~", "a.b", "a\nb", true],
    ["=~", ".*", "", true],
    ["!~", ".+", "", true],
    ["!~", "a.*", "abc", false],
  ] as const;
  for (const [type, value, text, wanted] of cases) {
    const matcher = createMatcher({ type, name: "x", value });
    assert.is(matcher.matches(text), wanted, `x${type}"${value}" on "${text}"`);
  }
});

test("broken expressions are refused with Go's text", () => {
  assert.throws(
    () => createMatcher({ type: "=~", name: "x", value: "a(" }),
    /^error parsing regexp: missing closing \): `a\(`$/,
  );
});

test("a label that is not there counts as empty", () => {
  const matchers = [
    createMatcher({ type: "=", name: "a", value: "1" }),
    createMatcher({ type: "=", name: "b", value: "" }),
  ];
  const lookup = (labels: Record<string, string>) => (name: string) => labels[name] ?? "";
  assert.ok(allMatch(matchers, lookup({ a: "1" })));
  assert.not.ok(allMatch(matchers, lookup({ a: "1", b: "2" })));
  assert.not.ok(allMatch(matchers, lookup({})));
});

test.run();
