import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createEngine } from "../../src/promql/exec/create-engine.ts";
import { runScript } from "../conformance/run-script.ts";

/*
 * Scripts of our own, in the form of upstream's, for what upstream's do not reach. The expectations are what a Prometheus 3.14
 * answered.
 */
const scripts = suite("PromQL scripts");
const folder = join(dirname(fileURLToPath(import.meta.url)), "scripts");

const engine = createEngine({
  lookbackDeltaMs: 300_000,
  defaultSubqueryStepMs: 60_000,
  maxSamples: 50_000_000,
  features: new Set([
    "promql-experimental-functions",
    "promql-extended-range-selectors",
    "promql-binop-fill-modifiers",
  ]),
  delayedNameRemoval: false,
});

for (const name of readdirSync(folder).filter((file) => file.endsWith(".test"))) {
  scripts(name, async () => {
    const verdicts = await runScript(engine, readFileSync(join(folder, name), "utf8"));
    assert.ok(verdicts.length > 0, "it evaluates nothing");
    const wrong = verdicts.filter(({ verdict }) => verdict.kind !== "passed");
    assert.equal(
      wrong.map(({ command, verdict }) => [command.line, command.expr, verdict]),
      [],
    );
  });
}

scripts.run();
