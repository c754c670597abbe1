/**
 * Runs every `*.test.ts` under tests/, each file in a process of its own with a time limit, on one runtime or several:
 *
 *   node tests/run.ts [--on node,deno] [--only TEXT]… [--limit SECONDS] [--jobs N]
 *
 * A file fails where a test fails, where fewer tests passed than there are (uvu swallows what a `before` throws),
 * where nothing ran, or where its process does not end: something is left open.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs, stripVTControlCharacters } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const isDeno = process.versions.deno !== undefined;

interface Runtime {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly output: string;
  readonly trouble: string;
  readonly seconds: number;
}

const { values: options } = parseArgs({
  options: {
    on: { type: "string", default: isDeno ? "deno" : "node" },
    only: { type: "string", multiple: true, default: [] },
    limit: { type: "string", default: "" },
    jobs: { type: "string", default: String(Math.min(4, availableParallelism())) },
  },
});
const running = new Set<ChildProcess>();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    for (const child of running) endGroup(child);
    process.exit(130);
  });
process.exit(await main());

async function main(): Promise<number> {
  const files = testFiles(join(root, "tests"))
    .map((file) => relative(root, file))
    .filter((file) => options.only.length === 0 || options.only.some((text) => file.includes(text)))
    .sort();
  let passed = 0;
  let failed = files.length === 0 ? 1 : 0;
  if (files.length === 0) console.log("No test file matches.");
  for (const name of options.on.split(",")) {
    const runtime = findRuntime(name);
    if (runtime === undefined) {
      console.log(`not run: tests on ${name}, npm ci`);
      if (process.env.CI === "true") failed++;
      continue;
    }
    const startMs = performance.now();
    const results = await runAll(runtime, files);
    const sum = (count: (result: FileResult) => number) => results.reduce((n, r) => n + count(r), 0);
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    const counts = `${sum((r) => r.passed)} passed, ${sum((r) => r.failed)} failed`;
    console.log(`${name}: ${counts} (${files.length} files, ${seconds} s)`);
    passed += sum((r) => r.passed);
    failed += sum((r) => r.failed);
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function testFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return testFiles(path);
    return entry.name.endsWith(".test.ts") ? [path] : [];
  });
}

/**
 * The runtime we are on, npm's copy in this tree, or the host's: the first that starts and is new enough. A tree of Deno's
 * lacks what the tests need on Node, whatever Node the host has.
 */
function findRuntime(name: string): Runtime | undefined {
  const own = (name === "deno") === isDeno ? [process.execPath] : [];
  const host = name === "node" && isDeno ? [] : [name];
  for (const command of [...own, join(root, "node_modules/.bin", name), ...host]) {
    if (command.includes("/") && !existsSync(command)) continue;
    const { stdout, status } = spawnSync(command, ["--version"], { encoding: "utf8" });
    const [major = 0, minor = 0] = (/\d+\.\d+/.exec(stdout ?? "")?.[0] ?? "").split(".").map(Number);
    const fits = name === "deno" ? major >= 2 : major > 22 || (major === 22 && minor >= 18);
    if (status === 0 && fits) return { name, command, args: name === "deno" ? ["run", "-A"] : [] };
  }
  return undefined;
}

async function runAll(runtime: Runtime, files: readonly string[]): Promise<FileResult[]> {
  const results: FileResult[] = [];
  const waiting = [...files];
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const result = await runFile(runtime, file);
      results.push(result);
      report(runtime, result);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Number(options.jobs)) }, worker));
  return results;
}

function report(runtime: Runtime, result: FileResult): void {
  for (const line of result.output.split("\n")) if (line.startsWith("not run: ")) console.log(line);
  if (result.failed === 0) return;
  console.log(`--- ${runtime.name} ${result.file}: ${result.trouble}`);
  console.log(result.output.trimEnd());
}

/** Files with real processes take longer. */
function limitSeconds(file: string): number {
  if (options.limit !== "") return Number(options.limit);
  return file.startsWith("tests/app/") ? 300 : 90;
}

function runFile(runtime: Runtime, file: string): Promise<FileResult> {
  const startMs = performance.now();
  const limit = limitSeconds(file);
  const child = spawn(runtime.command, [...runtime.args, file], {
    cwd: root,
    detached: true,
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let output = "";
  let late = false;
  const keep = (part: Buffer) => {
    if (output.length < 1 << 20) output += part.toString();
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const timer = setTimeout(() => {
    late = true;
    endGroup(child);
  }, limit * 1000);
  return new Promise((resolve) => {
    const end = (code: number | null) => {
      clearTimeout(timer);
      running.delete(child);
      const seconds = (performance.now() - startMs) / 1000;
      resolve({ file, seconds, ...judge(stripVTControlCharacters(output), code, late ? limit : 0) });
    };
    child.on("error", (error) => {
      output += String(error);
      end(1);
    });
    child.on("close", end);
  });
}

function judge(
  output: string,
  code: number | null,
  lateSeconds: number,
): Omit<FileResult, "file" | "seconds"> {
  const number = (word: string) =>
    Number(new RegExp(`^ {2}${word}: +(\\d+)$`, "m").exec(output)?.[1] ?? "NaN");
  const total = number("Total");
  const passed = number("Passed");
  const ended = Number.isFinite(total) && Number.isFinite(passed);
  if (lateSeconds > 0) {
    const trouble = ended ? "its tests are done, something is left open" : "it hangs";
    return {
      output,
      passed: ended ? passed : 0,
      failed: 1,
      trouble: `stopped after ${lateSeconds} s: ${trouble}`,
    };
  }
  if (!ended) return { output, passed: 0, failed: 1, trouble: `no result, exit code ${code}` };
  if (total === 0) {
    // A file may skip all it has where a part cannot be had, if it says so; in CI every part must be there.
    const saidWhy = number("Skipped") > 0 && /^not run: /m.test(output);
    if (saidWhy && code === 0 && process.env.CI !== "true") return { output, passed, failed: 0, trouble: "" };
    return { output, passed, failed: 1, trouble: "it holds no test" };
  }
  const failed = total - passed > 0 ? total - passed : code === 0 ? 0 : 1;
  return { output, passed, failed, trouble: `${failed} failed, exit code ${code}` };
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL");
  }
}
