import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createEngine } from "../../src/promql/exec/create-engine.ts";
import { createReplicaSource } from "../conformance/replicated-source.ts";
import { runScript } from "../conformance/run-script.ts";

/* Scripts whose series name their replica, each replica being in a store of its own. */
const scripts = suite("PromQL scripts over replicas");
const folder = join(dirname(fileURLToPath(import.meta.url)), "scripts", "replicas");

const engine = createEngine({
  lookbackDeltaMs: 60_000,
  defaultSubqueryStepMs: 60_000,
  maxSamples: 50_000_000,
  features: new Set(),
  delayedNameRemoval: false,
});

for (const name of readdirSync(folder)) {
  scripts(name, async () => {
    const text = readFileSync(join(folder, name), "utf8");
    const verdicts = await runScript(engine, text, { source: createReplicaSource() });
    assert.ok(verdicts.length > 0, "it evaluates nothing");
    const wrong = verdicts.filter(({ verdict }) => verdict.kind !== "passed");
    assert.equal(
      wrong.map(({ command, verdict }) => [command.line, command.expr, verdict]),
      [],
    );
  });
}

scripts.run();
