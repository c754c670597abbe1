import type { Engine } from "../../src/promql/engine.ts";
import { createMemorySelectable } from "../support/memory-selectable.ts";
import { loadSeries } from "./load-series.ts";
import { runEval, type Verdict } from "./run-eval.ts";
import { type EvalCommand, parseScript } from "./script.ts";

/** What became of an evaluation of a script. */
export interface ScriptVerdict {
  readonly command: EvalCommand;
  readonly verdict: Verdict;
}

/** Runs a whole script over its own series. Throws where the script cannot be read. */
export async function runScript(engine: Engine, text: string): Promise<readonly ScriptVerdict[]> {
  const source = createMemorySelectable();
  const verdicts: ScriptVerdict[] = [];
  for (const command of parseScript(text)) {
    switch (command.kind) {
      case "clear":
        source.clear();
        break;
      case "load":
        loadSeries(source, command);
        break;
      case "eval":
        verdicts.push({ command, verdict: await runEval(engine, source, command) });
        break;
    }
  }
  return verdicts;
}
