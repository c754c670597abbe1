import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createRequestId, requestIdOf } from "../../src/http/request-id.ts";

const ids = suite("request id");

ids("is a ULID whose first ten letters tell the time", () => {
  assert.match(createRequestId(1_469_918_176_385), /^01ARYZ6S41[0-9A-HJKMNP-TV-Z]{16}$/);
});

ids("differs each time, over every refill of chance", () => {
  assert.is(new Set(Array.from({ length: 2_000 }, () => createRequestId(0))).size, 2_000);
});

ids("a caller's own is kept where it may travel on", () => {
  assert.is(requestIdOf("abc-1", 0), "abc-1");
  for (const given of [null, "", "a b", "a\nb", "é", "x".repeat(129)]) {
    assert.is(requestIdOf(given, 0).length, 26);
  }
});

ids.run();
