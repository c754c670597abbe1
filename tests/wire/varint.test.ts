import { suite } from "uvu";
import * as assert from "uvu/assert";
import { varintSize, writeVarint } from "../../src/wire/varint.ts";
import { WireReader } from "../../src/wire/wire-reader.ts";

const varint = suite("varint");

varint("takes as many bytes as its size says, and is read back, around every power of two", () => {
  const bytes = new Uint8Array(10);
  for (let power = 0; power <= 53; power++) {
    for (const value of [2 ** power - 1, 2 ** power, 2 ** power + 1]) {
      if (value > Number.MAX_SAFE_INTEGER) continue;
      const end = writeVarint(bytes, 0, value);
      assert.is(end, varintSize(value), String(value));
      assert.is(new WireReader("test").reset(bytes, 0, end).int64(), value);
    }
  }
});

varint.run();
