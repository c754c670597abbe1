import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { createEngine } from "../../src/promql/exec/create-engine.ts";
import { createMemorySelectable } from "../support/memory-selectable.ts";
import { exemption } from "./exempt-through-stores.ts";
import { checkParseCase, type ParseCase, wholeInput } from "./parse-cases.ts";
import { createReplicatedSource } from "./replicated-source.ts";
import { runScript } from "./run-script.ts";
import type { EvalCommand } from "./script.ts";

const usage = "usage: npm run conformance -- FOLDER [--verbose] [--at-least N]";

interface Tally {
  readonly passed: number;
  readonly notYet: number;
  readonly wrong: number;
}

const { folder, verbose, atLeast } = parseArguments(process.argv.slice(2));
process.exit(await main());

function parseArguments(args: readonly string[]) {
  const flag = args.indexOf("--at-least");
  return {
    folder: args.find((arg, i) => !arg.startsWith("--") && (flag < 0 || i !== flag + 1)),
    verbose: args.includes("--verbose"),
    atLeast: flag < 0 ? 0 : Number(args[flag + 1]),
  };
}

async function main(): Promise<number> {
  if (folder === undefined || Number.isNaN(atLeast)) return refuse(usage);
  const scripts = findScripts(folder);
  if (scripts === undefined) {
    return refuse(
      `Cannot run the conformance scripts: ${folder} has neither promqltest nor promql/promqltest/testdata`,
    );
  }
  const parser = runParseCases(path.join(folder, "parse-cases.json"));
  console.log("over series in memory:");
  const plain = await runScripts(scripts, false);
  console.log("over chunks of two replicas in two stores, merged:");
  const stored = await runScripts(scripts, true);
  for (const { notYet, wrong } of [plain, stored]) console.log(`scripts: ${notYet} not yet, ${wrong} wrong`);
  console.log(`parser ${parser.passed}/${parser.passed + parser.wrong}`);
  console.log(`scripts ${plain.passed}/${totalOf(plain)}`);
  console.log(`scripts-through-stores ${stored.passed}/${totalOf(stored)}`);
  const wrong = plain.wrong + stored.wrong + parser.wrong;
  return wrong > 0 || plain.passed < atLeast ? 1 : 0;
}

function totalOf({ passed, notYet, wrong }: Tally): number {
  return passed + notYet + wrong;
}

function refuse(message: string): number {
  console.error(message);
  return 2;
}

function findScripts(root: string): string | undefined {
  const places = [path.join(root, "promqltest"), path.join(root, "promql", "promqltest", "testdata")];
  return places.find(
    (place) => fs.existsSync(place) && fs.readdirSync(place).some((name) => name.endsWith(".test")),
  );
}

function runParseCases(file: string): Tally {
  if (!fs.existsSync(file)) {
    console.log(`no ${file}: the parser's cases are not run`);
    return { passed: 0, notYet: 0, wrong: 0 };
  }
  const cases: readonly ParseCase[] = JSON.parse(fs.readFileSync(file, "utf8"));
  const restored = cases.filter((one) => wholeInput(one).restored).length;
  if (restored > 0) console.log(`parse-cases.json: ${restored} inputs cut short in the file are run whole`);
  let wrong = 0;
  for (const one of cases) {
    const problem = checkParseCase(one);
    if (problem === undefined) continue;
    wrong++;
    console.log(`WRONG parse-cases.json ${JSON.stringify(one.input)}: ${problem}`);
  }
  return { passed: cases.length - wrong, notYet: 0, wrong };
}

async function runScripts(place: string, throughStores: boolean): Promise<Tally> {
  const engine = createEngine({
    lookbackDeltaMs: 300_000,
    defaultSubqueryStepMs: 60_000,
    maxSamples: 10_000,
    features: new Set([
      "promql-experimental-functions",
      "promql-extended-range-selectors",
      "promql-binop-fill-modifiers",
      "use-start-timestamps",
    ]),
    delayedNameRemoval: true,
  });
  const sum = { passed: 0, notYet: 0, wrong: 0 };
  for (const name of fs
    .readdirSync(place)
    .filter((file) => file.endsWith(".test"))
    .sort()) {
    const text = fs.readFileSync(path.join(place, name), "utf8");
    const source = throughStores ? createReplicatedSource() : createMemorySelectable();
    const exempt = throughStores ? (command: EvalCommand) => exemption(name, command) : undefined;
    const verdicts = await runScript(engine, text, { source, exempt });
    const count = (kind: string) => verdicts.filter(({ verdict }) => verdict.kind === kind).length;
    const tally = { passed: count("passed"), notYet: count("not-yet"), wrong: count("wrong") };
    for (const { command, verdict } of verdicts) {
      if (verdict.kind === "wrong")
        console.log(`WRONG ${name}:${command.line} ${command.expr}: ${verdict.reason}`);
      else if (verdict.kind === "not-yet" && verbose) {
        console.log(`not yet ${name}:${command.line} ${command.expr}: ${verdict.reason}`);
      }
    }
    const { passed, notYet, wrong } = tally;
    console.log(`${name.padEnd(28)} ${passed}/${verdicts.length} passed, ${notYet} not yet, ${wrong} wrong`);
    sum.passed += passed;
    sum.notYet += notYet;
    sum.wrong += wrong;
  }
  return sum;
}
