import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = join(root, "node_modules/.bin");
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };

function buf(...args: readonly string[]): string {
  return execFileSync(join(bin, "buf"), args, { cwd: root, env, encoding: "utf8" });
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .sort();
}

const generated = suite("generated code");

generated("is what proto/ generates today", () => {
  const fresh = mkdtempSync(join(tmpdir(), "generated-"));
  try {
    buf("generate", "--output", fresh);
    const committed = join(root, "src/wire/gen");
    assert.equal(filesBelow(committed), filesBelow(join(fresh, "src/wire/gen")));
    for (const path of filesBelow(committed)) {
      const text = readFileSync(join(fresh, "src/wire/gen", path), "utf8");
      assert.is(
        readFileSync(join(committed, path), "utf8") === text,
        true,
        `${path} is stale: npm run generate`,
      );
    }
  } finally {
    rmSync(fresh, { recursive: true });
  }
});

generated("comes from definitions that pass buf's lint and format", () => {
  assert.is(buf("lint"), "");
  assert.is(buf("format", "--diff"), "");
});

generated.run();
