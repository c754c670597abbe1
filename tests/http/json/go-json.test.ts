import { suite } from "uvu";
import * as assert from "uvu/assert";
import { toGoJson } from "../../../src/http/json/go-json.ts";

const test = suite("values as Go writes them");

test("escapes what Go escapes", () => {
  assert.is(
    toGoJson('\b\f\u0001\u007f<>&\u2028\n"é😀'),
    '"\\u0008\\u000c\\u0001\u007f\\u003c\\u003e\\u0026\\u2028\\n\\"é😀"',
  );
  assert.is(toGoJson("\udcff\ud800"), '"\\ufffd\\ufffd"');
  assert.is(toGoJson("\\b \\\\f \\ud800 \\\b"), '"\\\\b \\\\\\\\f \\\\ud800 \\\\\\u0008"');
});

test("keeps values and the order of members", () => {
  const text = toGoJson({ b: [1, -0.5, null, true], a: { "<": {} } });
  assert.is(text, '{"b":[1,-0.5,null,true],"a":{"\\u003c":{}}}');
});

test.run();
