import type { Engine } from "../../src/promql/engine.ts";
import type { Selectable } from "../../src/store/samples.ts";
import { createMemorySelectable, type MemorySelectable } from "../support/memory-selectable.ts";
import { loadSeries } from "./load-series.ts";
import { runEval, type Verdict } from "./run-eval.ts";
import { type EvalCommand, parseScript } from "./script.ts";

/** What became of an evaluation of a script. */
export interface ScriptVerdict {
  readonly command: EvalCommand;
  readonly verdict: Verdict;
}

/** Where a script's series are put and read from. */
export type ScriptSource = Pick<MemorySelectable, "add" | "clear"> & Selectable;

export interface ScriptOptions {
  /** Series in memory, where it is not given. */
  readonly source?: ScriptSource;
  /** Why an evaluation may be wrong over this source; such verdicts are left out. */
  readonly exempt?: ((command: EvalCommand) => string | undefined) | undefined;
}

/** Runs a whole script over its own series. Throws where the script cannot be read. */
export async function runScript(
  engine: Engine,
  text: string,
  { source = createMemorySelectable(), exempt }: ScriptOptions = {},
): Promise<readonly ScriptVerdict[]> {
  const verdicts: ScriptVerdict[] = [];
  const evaluate = async (command: EvalCommand): Promise<void> => {
    const verdict = await runEval(engine, source, command);
    if (verdict.kind !== "wrong" || exempt?.(command) === undefined) verdicts.push({ command, verdict });
  };
  for (const command of parseScript(text)) {
    switch (command.kind) {
      case "clear":
        source.clear();
        break;
      case "load":
        loadSeries(source, command);
        break;
      case "eval":
        await evaluate(command);
        break;
    }
  }
  return verdicts;
}
