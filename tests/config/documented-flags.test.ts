import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { demoAbout, demoFlags } from "../../src/config/demo-config.ts";
import { helpText } from "../../src/config/help-text.ts";
import { queryAbout, queryFlags } from "../../src/config/query-flags.ts";
import { sidecarAbout, sidecarFlags } from "../../src/config/sidecar-flags.ts";

const test = suite("documented flags");
const document = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");

test("docs/configuration.md shows each command's help as it is", () => {
  for (const text of [
    helpText("query", queryAbout, queryFlags),
    helpText("sidecar", sidecarAbout, sidecarFlags),
    helpText("demo", demoAbout, demoFlags),
  ])
    assert.ok(document.includes(text), `paste anew: ${text.split("\n")[0]}`);
});

test.run();
