import { readFileSync } from "node:fs";
import { hostname, totalmem } from "node:os";
import process from "node:process";

/** Arguments after the program's own name. */
export function commandLine(): readonly string[] {
  return process.argv.slice(2);
}

/** Value of an environment variable, `undefined` where it is not set. */
export function environmentVariable(name: string): string | undefined {
  return process.env[name];
}

export type ShutdownSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** Calls `handler` at each of these signals instead of ending the process; the returned function takes it back. */
export function onSignal(
  signals: readonly ShutdownSignal[],
  handler: (signal: ShutdownSignal) => void,
): () => void {
  const listeners = signals.map((signal) => ({ signal, listener: () => handler(signal) }));
  for (const { signal, listener } of listeners) process.on(signal, listener);
  return () => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  };
}

/** Calls `handler` with errors nobody caught, which would end the process otherwise. For a last line in the log. */
export function onUncaught(handler: (reason: unknown) => void): () => void {
  process.on("uncaughtException", handler);
  process.on("unhandledRejection", handler);
  return () => {
    process.off("uncaughtException", handler);
    process.off("unhandledRejection", handler);
  };
}

/** Ends the process now. */
export function exit(code: number): never {
  process.exit(code);
}

/** Status with which the process will end by itself. */
export function setExitCode(code: number): void {
  process.exitCode = code;
}

export function writeStdout(text: string): void {
  process.stdout.write(text);
}

export function writeStderr(text: string): void {
  process.stderr.write(text);
}

export function processId(): number {
  return process.pid;
}

export function hostName(): string {
  return hostname();
}

/** `node v24.21.0` or `deno 2.9.5`. */
export function runtimeName(): string {
  const deno = process.versions.deno;
  return deno === undefined ? `node ${process.version}` : `deno ${deno}`;
}

/** Whether this process runs on Deno. Only for differences that no interface hides. */
export const onDeno: boolean = process.versions.deno !== undefined;

/** What the process holds, in bytes. */
export function memoryUsage(): {
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
} {
  const usage = process.memoryUsage();
  return { rssBytes: usage.rss, heapUsedBytes: usage.heapUsed, externalBytes: usage.external };
}

/** CPU time spent so far, user and system, in seconds. */
export function cpuSeconds(): number {
  const usage = process.cpuUsage();
  return (usage.user + usage.system) / 1e6;
}

/** Memory that this process may use, in bytes: the machine's, or its control group's limit where that is less. */
export function availableMemoryBytes(): number {
  const limits = controlGroupLimitFiles().map(readLimit);
  return Math.min(totalmem(), ...limits.filter((limit) => limit > 0));
}

/** cgroup v2 limits hold for every level up to the root; a container sees its own level as the root. */
function controlGroupLimitFiles(): readonly string[] {
  const files = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
  let path = /^0::(\/.*)$/m.exec(readOptionalText("/proc/self/cgroup"))?.[1] ?? "";
  while (path.length > 1) {
    files.push(`/sys/fs/cgroup${path}/memory.max`);
    path = path.slice(0, path.lastIndexOf("/"));
  }
  return files;
}

/** -1 where there is no limit ("max", no such file). */
function readLimit(file: string): number {
  const text = readOptionalText(file).trim();
  return /^\d+$/.test(text) ? Number(text) : -1;
}

function readOptionalText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // Not Linux, or no such control group.
  }
}
