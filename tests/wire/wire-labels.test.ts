import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../src/lib/errors.ts";
import { type Labels, labelsOf } from "../../src/model/labels.ts";
import { nameBytes } from "../../src/wire/string-cache.ts";
import { createSeriesLabels, decodeLabels, encodeLabels, labelValueOf } from "../../src/wire/wire-labels.ts";

const labels = suite("label regions");

const awkward: readonly Labels[] = [
  [],
  labelsOf({ a: "1" }),
  labelsOf({ __name__: "up", instance: "10.0.0.1:9090", job: "node" }),
  labelsOf({ "": "nameless", ü: "ä", "😀": "～" }),
  labelsOf({ nul: "a\0b", bom: "\ufefftext", one: "\u0001" }),
  labelsOf({ long: "x".repeat(127), longer: "x".repeat(128), longest: "ü".repeat(9000) }),
  labelsOf({ ["n".repeat(300)]: "v".repeat(20_000) }),
];

labels("decode to the labels that were encoded, inside other bytes too", () => {
  for (const set of awkward) {
    const region = encodeLabels(set);
    assert.equal(decodeLabels(region, 0, region.length), set);
    const bytes = new Uint8Array(region.length + 8).fill(0x0a);
    bytes.set(region, 3);
    assert.equal(decodeLabels(bytes, 3, 3 + region.length), set);
  }
});

labels('give one value without the others, "" for a label they lack', () => {
  for (const set of awkward) {
    const region = encodeLabels(set);
    for (const { name, value } of set) {
      assert.is(labelValueOf(region, 0, region.length, nameBytes(name)), value);
    }
    for (const absent of ["b", "instanc", "instance2", "__nam__"]) {
      assert.is(labelValueOf(region, 0, region.length, nameBytes(absent)), "");
    }
  }
});

labels("leave out empty values, and share strings that repeat", () => {
  const region = encodeLabels([
    { name: "a", value: "" },
    { name: "b", value: "x" },
  ]);
  assert.equal(decodeLabels(region, 0, region.length), [{ name: "b", value: "x" }]);
});

labels("are read on demand, region after region", () => {
  const lazy = createSeriesLabels();
  const kept: Labels[] = [];
  for (const set of awkward) {
    const region = encodeLabels(set);
    lazy.reset(region, 0, region.length);
    for (const { name, value } of set) assert.is(lazy.get(name), value);
    assert.is(lazy.all(), lazy.all());
    kept.push(lazy.all());
    region.fill(0);
  }
  assert.equal(kept, awkward);
});

labels("replace lone surrogates as encoders do, and refuse to read what is no UTF-8", () => {
  const region = encodeLabels([{ name: "a", value: "x\ud800y\udc00" }]);
  assert.equal(decodeLabels(region, 0, region.length), [{ name: "a", value: "x\ufffdy\ufffd" }]);
  region[region.length - 1] = 0xff;
  for (const read of [
    () => labelValueOf(region, 0, region.length, nameBytes("a")),
    () => decodeLabels(region, 0, region.length),
  ]) {
    assert.throws(read, (error: unknown) => error instanceof GatewayError && error.code === "execution");
    assert.throws(read, /label name or value is not valid UTF-8: "x\ufffdy/);
  }
});

labels.run();
