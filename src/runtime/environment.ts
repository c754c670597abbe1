import { availableParallelism } from "node:os";
import process from "node:process";

/** Folder that relative paths start from. */
export function workingFolder(): string {
  return process.cwd();
}

/** Processors that this process may use. */
export function processorCount(): number {
  return availableParallelism();
}
