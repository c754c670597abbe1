import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeBytes, quoteGo, quoteRune } from "../../src/model/quote.ts";

const test = suite("quoting");

test("follows Go's strconv.Quote", () => {
  const cases = [
    ["plain", '"plain"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ["\n\t\x07\x00\x7f", '"\\n\\t\\a\\x00\\x7f"'],
    ["é☺😀", '"é☺😀"'],
    ["\u00a0\u200b\u{e0001}", '"\\u00a0\\u200b\\U000e0001"'],
  ] as const;
  for (const [text, quoted] of cases) assert.is(quoteGo(text), quoted);
  assert.is(quoteRune("'"), "'\\''");
  assert.is(quoteRune('"'), "'\"'");
});

test("shows bytes that are no UTF-8", () => {
  assert.is(quoteGo(decodeBytes(Uint8Array.of(0x61, 0xc5, 0x7a))), '"a\\xc5z"');
  assert.is(decodeBytes(Uint8Array.of(0xe2, 0x98, 0xba, 0xf0, 0x9f, 0x98, 0x80)), "☺😀");
  for (const broken of [
    [0xc0, 0x80],
    [0xe0, 0x80, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf5, 0x80, 0x80, 0x80],
    [0xf0, 0x80, 0x80, 0x80],
    [0xe2, 0x98],
  ]) {
    const text = decodeBytes(Uint8Array.from(broken));
    assert.is(text.length, broken.length);
    assert.not.ok(text.isWellFormed());
  }
});

test.run();
