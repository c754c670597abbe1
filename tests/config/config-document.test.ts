import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { readConfigDocument } from "../../src/config/config-document.ts";
import { GatewayError, messageOf } from "../../src/lib/errors.ts";

const document = suite("config document");

const schema = v.strictObject({
  endpoints: v.array(
    v.strictObject({
      address: v.pipe(
        v.string(),
        v.check((text) => text.includes(":"), "has no port, wants host:port"),
      ),
      strict: v.optional(v.boolean(), false),
      kind: v.optional(v.picklist(["a", "b"])),
    }),
  ),
});
const read = (text: string) =>
  readConfigDocument({ name: "sd.yml", text }, schema, "a mapping with endpoints");

function textOf(text: string): string {
  try {
    read(text);
    return "read";
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.code === "bad_data", String(error));
    return messageOf(error);
  }
}

document("what fits its schema is read, as YAML and as JSON", () => {
  const wanted = { endpoints: [{ address: "a:1", strict: true }] };
  assert.equal(read("endpoints:\n- {address: 'a:1', strict: true}\n").value, wanted);
  assert.equal(read(JSON.stringify(wanted)).value, wanted);
});

for (const [text, wanted] of [
  [
    "endpoints:\n- address: a:1\n  strict: yess\n",
    'sd.yml:3:3: endpoints[0].strict is "yess", wants true or false',
  ],
  ["endpoints:\n- address: a:1\n- strict: true\n", "sd.yml:3:3: endpoints[1].address is missing"],
  ["endpoints:\n  - address: a:1\n    stric: true\n", "sd.yml:3:5: endpoints[0].stric is not known here"],
  ["endpoints:\n  - address: a\n", "sd.yml:2:5: endpoints[0].address has no port, wants host:port"],
  ["endpoints:\n  - address: a:1\n    kind: c\n", 'sd.yml:3:5: endpoints[0].kind is "c", wants "a" or "b"'],
  ["endpoints: 3\n", "sd.yml:1:1: endpoints is 3, wants a list"],
  ["- a\n", "sd.yml:1:1: endpoints is missing"],
  ["", "sd.yml:1:1: it is empty, wants a mapping with endpoints"],
  ["# nothing\n", "sd.yml:1:1: it is empty, wants a mapping with endpoints"],
  ["endpoints: [\n", "sd.yml:2:1: "],
  ["endpoints: []\nendpoints: []\n", "sd.yml:2:1: Map keys must be unique, wants YAML or JSON"],
  ["endpoints: *x\n", "sd.yml:1:1: Unresolved alias"],
] as const) {
  document(`${JSON.stringify(text)} is refused where it is wrong`, () => {
    assert.is(textOf(text).slice(0, wanted.length), wanted);
  });
}

document("an expansion of aliases that explodes is refused", () => {
  const lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"];
  for (let i = 1; i < 9; i++)
    lines.push(
      `a${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(",")}]`,
    );
  assert.match(textOf(lines.join("\n")), /^sd\.yml:1:1: /);
});

document.run();
