import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { longestBacktracked } from "../../src/model/regex/backtracking-cost.ts";
import { createCapturingMachine } from "../../src/model/regex/capturing-machine.ts";
import { parseRegex } from "../../src/model/regex/parse-regex.ts";
import { createStateMachine } from "../../src/model/regex/state-machine.ts";
import { compileRegex } from "../../src/model/regex.ts";
import { everyCase } from "../support/every-case.ts";

const test = suite("regular expressions");

interface GoAnswer {
  readonly pattern: string;
  readonly error?: string;
  readonly matches?: readonly string[];
  readonly misses?: readonly string[];
  readonly groups?: readonly string[];
}

const answers: readonly GoAnswer[] = JSON.parse(
  readFileSync(new URL("fixtures/go-regexp-answers.json", import.meta.url), "utf8"),
);

function errorOf(pattern: string): string | undefined {
  try {
    compileRegex(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function textsOf(groups: readonly (string | undefined)[] | undefined): readonly string[] | undefined {
  return groups?.map((group) => group ?? "");
}

test("match, refuse and capture as Go's regexp does", () => {
  assert.ok(answers.length > 100);
  for (const { pattern, error, matches = [], misses = [], groups } of answers) {
    assert.is(errorOf(pattern), error, pattern);
    if (error !== undefined) continue;
    const regex = compileRegex(pattern);
    for (const text of matches) assert.ok(regex.matches(text), `${pattern} matches ${JSON.stringify(text)}`);
    for (const text of misses)
      assert.not.ok(regex.matches(text), `${pattern} misses ${JSON.stringify(text)}`);
    assert.equal(textsOf(regex.groups(matches[0] ?? "")), groups, pattern);
    if (matches[0] === undefined) continue;
    assert.equal(textsOf(createCapturingMachine(parseRegex(pattern))(matches[0])), groups, pattern);
  }
});

test("agree with the linear machine on every short text", () => {
  const patterns = [
    "(a|ab)(b|)",
    "a*b*a",
    "(?:ab?)+",
    "(a*)*b",
    "(?:a|b)*ab",
    "a{2,3}b?",
    "^a|b$",
    "\\ba+\\b",
    "[^a]b|a.",
  ];
  for (const pattern of patterns) {
    const node = parseRegex(pattern);
    const machine = createStateMachine(node);
    const native = new RegExp(`^(?:${pattern})$`, "su");
    const regex = compileRegex(pattern);
    for (const pick of everyCase()) {
      let text = "";
      for (let i = pick(6); i > 0; i--) text += ["a", "b", "-"][pick(3)];
      assert.is(machine(text), native.test(text), `${pattern} on ${text}`);
      assert.is(regex.matches(text), native.test(text), `${pattern} on ${text}`);
    }
  }
});

test("groups agree with JavaScript's engine on every short text, where no group is repeated", () => {
  for (const pattern of [
    "(a|ab)(b|)(b*)",
    "(a*)(a*)b?",
    "(a*?)(a*)(b??)(b?)",
    "(a{1,2})(a{0,3}?)b*",
    "(?:(a)|b|(ab))(-*)",
    "(\\ba+\\b)?(.*)",
    "((?:a|b)*?)((?:ab)+)",
    "((?:a*)*)(a?b)",
  ]) {
    const native = new RegExp(`^(?:${pattern})$`, "su");
    const machine = createCapturingMachine(parseRegex(pattern));
    const regex = compileRegex(pattern);
    for (const pick of everyCase()) {
      let text = "";
      for (let i = pick(6); i > 0; i--) text += ["a", "b", "-"][pick(3)];
      const want = native.exec(text);
      const groups = want === null ? undefined : [...want];
      assert.equal(machine(text), groups, `${pattern} on ${text}`);
      assert.equal(textsOf(regex.groups(text)), textsOf(groups), `${pattern} on ${text}`);
    }
  }
});

test("a group keeps what it took in an earlier round of a repetition, as in Go", () => {
  assert.equal(compileRegex("(?:(a)|b)*").groups("ab"), ["ab", "a"]);
  assert.equal(compileRegex("(?:(a)|(b)){2}").groups("ba"), ["ba", "a", "b"]);
  assert.equal(compileRegex("(a*)*").groups(""), ["", ""]);
  assert.equal(compileRegex("(a*)+").groups("aa"), ["aa", "aa"]);
  assert.equal(compileRegex("(a*?)*(b?)").groups("aab"), ["aab", "aa", "b"]);
  assert.equal(compileRegex("(a|b)*").groups(""), ["", undefined]);
});

test("long texts are not given to an engine that would try each way through them", () => {
  const text = "a".repeat(20_000);
  assert.not.ok(compileRegex("[a-c]*a[a-c]*a[a-c]*b").matches(text));
  assert.ok(compileRegex("[a-c]*a[a-c]*a[a-c]*").matches(text));
  assert.equal(compileRegex("([a-c]*)a([a-c]*)a([a-c]*)").groups(text)?.slice(1), [text.slice(2), "", ""]);
});

test("groups of a text that matches by its last alternative are found at once", () => {
  const text = "a".repeat(5000);
  for (const pattern of ["((a+)+b)|(.*)", "(a|aa)+b|(.*)", "(a*)*b|(a*)"]) {
    assert.is(compileRegex(pattern).groups(text)?.at(-1), text, pattern);
  }
});

test("words with wildcards agree with the linear machine on every short text", () => {
  for (const pattern of [
    ".*",
    ".+",
    "a.*",
    ".*a",
    "a.+b",
    ".*a.*b.*",
    ".+a.+",
    "ab.*ba",
    "a.*a.*a",
    ".+.*a",
  ]) {
    const machine = createStateMachine(parseRegex(pattern));
    const { matches } = compileRegex(pattern);
    for (const pick of everyCase()) {
      let text = "";
      for (let i = pick(7); i > 0; i--) text += ["a", "b", "😀"][pick(3)];
      assert.is(matches(text), machine(text), `${pattern} on ${text}`);
    }
  }
});

test("flags end with their group, and case folds beyond ASCII", () => {
  assert.ok(compileRegex("(?i:a)b").matches("Ab"));
  assert.not.ok(compileRegex("(?i:a)b").matches("AB"));
  assert.not.ok(compileRegex("((?i)a)b").matches("AB"));
  for (const text of ["sk", "SK", "\u017f\u212a"]) assert.ok(compileRegex("(?i)sK").matches(text), text);
  for (const text of ["é", "É"]) assert.ok(compileRegex("(?i)[à-ö]").matches(text), text);
  assert.not.ok(compileRegex("(?i)i").matches("\u0131"));
});

test("tell the texts that match, where they are few", () => {
  assert.equal(compileRegex("foo").literals, ["foo"]);
  assert.equal(compileRegex("foo|bar|b(a|e)z").literals, ["foo", "bar", "baz", "bez"]);
  assert.equal(compileRegex("a[0-2]?").literals, ["a", "a0", "a1", "a2"]);
  assert.is(compileRegex("foo.*").literals, undefined);
  assert.is(compileRegex("foo.*").prefix, "foo");
  assert.is(compileRegex("(?i)foo.*").prefix, "");
});

test("take no long time where a backtracking engine would", () => {
  for (const pattern of ["(a+)+b", "(a|a)*b", "(a|aa)+$b", "(a?){30}a{30}b", "(.*a){12}b", "(x+x+)+y"]) {
    assert.is(longestBacktracked(parseRegex(pattern)), 0, pattern);
    assert.not.ok(compileRegex(pattern).matches("a".repeat(5000)), pattern);
    assert.not.ok(compileRegex(pattern).matches("x".repeat(2000)), pattern);
  }
  for (const pattern of ["api-.*", "(foo|bar)-[0-9]+:.*", "[a-z]+\\.[a-z]+", "a(b|c)?"]) {
    assert.ok(longestBacktracked(parseRegex(pattern)) > 0, pattern);
  }
});

test("of thousands of alternatives or groups are taken", () => {
  const names = Array.from({ length: 20_000 }, (_, i) => `pod-${i}`);
  const regex = compileRegex(names.join("|"));
  assert.ok(regex.matches("pod-19999"));
  assert.not.ok(regex.matches("pod-20000"));
  assert.ok(compileRegex("(a|b)".repeat(20_000)).matches("a".repeat(20_000)));
});

test("nested too deep are refused, with a text of bounded length", () => {
  const message = errorOf("(".repeat(100_000)) ?? "";
  assert.ok(message.startsWith("error parsing regexp: expression nests too deeply"), message);
  assert.ok(message.length < 2000);
});

test("too large to be held are refused before they are built", () => {
  for (const pattern of [
    "\\pL".repeat(300_000),
    "[^\\pL\\d]".repeat(100_000),
    `(?i:${"ä|".repeat(300_000)})`,
    "(a|b)*".repeat(170_000),
    "a?".repeat(500_000),
  ]) {
    const message = errorOf(pattern) ?? "";
    assert.ok(message.startsWith("error parsing regexp: expression too large"), pattern.slice(0, 10));
  }
});

test("of plain words with what may be repeated behind them read as one by one", () => {
  assert.ok(compileRegex("abc-1*/x").matches("abc-/x"));
  assert.ok(compileRegex("abc{2}").matches("abcc"));
  assert.not.ok(compileRegex("ab+").matches("abab"));
  assert.ok(compileRegex("(?i)strasse|ÄRGER").matches("ärger"));
  assert.ok(compileRegex("(?i)[à-þ]x").matches("ÉX"));
});

test.run();
