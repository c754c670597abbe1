import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseFilePattern, splitPattern } from "../../src/config/file-pattern.ts";

const pattern = suite("file pattern");

pattern("what Prometheus takes for file_sd is taken, other paths are refused", () => {
  for (const path of ["a.json", "/etc/x/*.yml", "x/tg_*.yaml", "/a.JSON", "x/[ab]?.yml"])
    assert.is(parseFilePattern(path), path);
  for (const path of ["", "a.txt", "/etc/*/a.json", "/etc/x/*", "a.json/"])
    assert.throws(() => parseFilePattern(path), /is not valid for file discovery/);
});

pattern("wildcards stand for names in the folder", () => {
  for (const [path, folder, yes, no] of [
    ["/etc/x/*.yml", "/etc/x", "a.yml .yml ä.b.yml", "a.yaml a-yml"],
    ["t?.json", ".", "t1.json tä.json", "t.json t10.json"],
    ["/t[a-c].json", "/", "ta.json tc.json", "td.json t.json"],
    ["x/[^a].json", "x", "b.json", "a.json"],
    ["x/a(1)+$.json", "x", "a(1)+$.json", "a1.json a11.json"],
    ["x/[a.json", "x", "[a.json", "a.json"],
    ["x/[z-a].json", "x", "[z-a].json", "b.json"],
  ] as const) {
    const split = splitPattern(path);
    assert.is(split.folder, folder);
    for (const name of yes.split(" ")) assert.ok(split.fits(name), `${path} ${name}`);
    for (const name of no.split(" ")) assert.not(split.fits(name), `${path} ${name}`);
  }
});

pattern.run();
