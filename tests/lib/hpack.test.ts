import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createHpackDecoder, type HpackDecoder } from "../../src/lib/hpack/hpack-decoder.ts";
import { encodeFields, noTable } from "../../src/lib/hpack/hpack-encoder.ts";
import { decodeHuffman } from "../../src/lib/hpack/huffman.ts";
import { createSeededRandom } from "../support/seeded-random.ts";

const test = suite("HPACK");

const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

function decoded(decoder: HpackDecoder, block: Uint8Array): string[] {
  const fields: string[] = [];
  decoder.decode(block, (name, value) => fields.push(`${name}: ${value}`));
  return fields;
}

test("reads the requests of RFC 7541, C.4, with their Huffman codes and their table", () => {
  const decoder = createHpackDecoder(4096);
  const common = [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"];
  assert.equal(decoded(decoder, bytesOf("828684418cf1e3c2e5f23a6ba0ab90f4ff")), common);
  assert.equal(decoded(decoder, bytesOf("828684be5886a8eb10649cbf")), [...common, "cache-control: no-cache"]);
  assert.equal(decoded(decoder, bytesOf("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf")), [
    ":method: GET",
    ":scheme: https",
    ":path: /index.html",
    ":authority: www.example.com",
    "custom-key: custom-value",
  ]);
});

test("lets old entries go where the table is full, as in RFC 7541, C.5", () => {
  const decoder = createHpackDecoder(256);
  const date = "date: Mon, 21 Oct 2013 20:13:21 GMT";
  const first =
    "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d";
  assert.equal(decoded(decoder, bytesOf(first)), [
    ":status: 302",
    "cache-control: private",
    date,
    "location: https://www.example.com",
  ]);
  // Takes the place of `:status: 302`.
  assert.equal(decoded(decoder, bytesOf("4803333037c1c0bf"))[0], ":status: 307");
  assert.equal(decoded(decoder, bytesOf("be")), [":status: 307"]);
  assert.throws(() => decoded(decoder, bytesOf("c2")), /no header field 66/);
});

test("keeps no table that it was told to drop", () => {
  const decoder = createHpackDecoder(4096);
  decoded(decoder, bytesOf("400161 0162".replace(" ", "")));
  assert.equal(decoded(decoder, bytesOf("be")), ["a: b"]);
  assert.equal(decoded(decoder, bytesOf("2088")), [":status: 200"]);
  assert.throws(() => decoded(decoder, bytesOf("be")), /no header field 62/);
});

const broken: readonly (readonly [string, string])[] = [
  ["an index of nothing", "80"],
  ["an index past the table", "be"],
  ["a name that is cut off", "0005 6162"],
  ["a value that is missing", "000161"],
  ["an integer that is cut off", "ffff"],
  ["an integer that is too large", "ffffffffff7f"],
  ["a table size after a field", "8820"],
  ["a table that is too large", "3fe21f"],
  ["padding of eight bits", "4082 f1ff 00"],
  ["padding of zeros", "408100 00"],
];
for (const [name, hex] of broken) {
  test(`refuses ${name}`, () => {
    assert.throws(() => decoded(createHpackDecoder(4096), bytesOf(hex.replaceAll(" ", ""))));
  });
}

test("the end mark is no symbol", () => {
  assert.is(decodeHuffman(bytesOf("ffffffff"), 0, 4), undefined);
});

test("what it writes it reads, and adds nothing to the table", () => {
  const random = createSeededRandom(20_261_124);
  const decoder = createHpackDecoder(4096);
  decoded(decoder, noTable);
  const text = (most: number) =>
    String.fromCharCode(...Array.from({ length: random.below(most + 1) }, () => 0x20 + random.below(95)));
  for (let round = 0; round < 200; round++) {
    const fields = Array.from({ length: random.below(7) }, (): [string, string] => [
      random.chance(0.5) ? "content-type" : `x-${text(40)}`,
      text(random.chance(0.2) ? 5000 : 20),
    ]);
    fields.unshift([":method", "POST"], [":path", "/a"], ["te", "trailers"]);
    const block = encodeFields(fields);
    assert.equal(
      decoded(decoder, block),
      fields.map(([name, value]) => `${name}: ${value}`),
      `round ${round}`,
    );
  }
  assert.throws(() => decoded(decoder, bytesOf("be")));
});

test.run();
