import { type ChildProcess, spawn } from "node:child_process";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** A child process of a test. */
export interface TestProcess {
  readonly name: string;
  readonly pid: number;
  /** What it wrote so far, both streams. */
  output(): string;
  /** The exit code once it has ended. */
  exitCode(): number | undefined;
  /** Asks it to end, insists after `graceMs`, and waits for it. */
  end(graceMs?: number): Promise<number | undefined>;
}

export interface ProcessOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Output is kept up to here, then its oldest part goes. */
const keptCharacters = 1 << 18;

/** Starts a child; whoever starts it ends it. Rejects where the program cannot be started. */
export async function startProcess(options: ProcessOptions): Promise<TestProcess> {
  const child = spawn(options.command, [...options.args], {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: "1", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (piece: Buffer) => {
    output = (output + piece.toString()).slice(-keptCharacters);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  return {
    name: options.name,
    pid: child.pid ?? -1,
    output: () => output,
    exitCode: () => exitCodeOf(child),
    async end(graceMs = 5000) {
      if (exitCodeOf(child) === undefined) {
        child.kill("SIGTERM");
        const insist = setTimeout(() => child.kill("SIGKILL"), graceMs);
        await ended;
        clearTimeout(insist);
      }
      return exitCodeOf(child);
    },
  };
}

function exitCodeOf(child: ChildProcess): number | undefined {
  if (child.exitCode !== null) return child.exitCode;
  return child.signalCode === null ? undefined : -1;
}

/** Waits until a URL answers 200; fails with the process's output where it ends or takes longer. */
export async function waitUntilReady(child: TestProcess, url: string, limitMs = 20_000): Promise<void> {
  const end = Date.now() + limitMs;
  while ((await statusOf(url)) !== 200) {
    if (child.exitCode() !== undefined) throw new Error(`${child.name} ended early:\n${child.output()}`);
    if (Date.now() > end)
      throw new Error(`${child.name} is not ready after ${limitMs} ms:\n${child.output()}`);
    await sleep(50);
  }
}

/** Status of a GET, 0 where nobody answers. Uses no kept connection, so nothing is left open. */
export function statusOf(url: string): Promise<number> {
  return new Promise((resolve) => {
    const outgoing = request(url, { agent: false, timeout: 2000 }, (incoming) => {
      incoming.resume();
      incoming.on("end", () => resolve(incoming.statusCode ?? 0));
      incoming.on("error", () => resolve(0));
    });
    outgoing.on("timeout", () => outgoing.destroy());
    outgoing.on("error", () => resolve(0));
    outgoing.end();
  });
}
