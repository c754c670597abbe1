import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The whole file as text. Throws the system's error, whose `code` is e.g. `ENOENT`. */
export function readTextFile(path: string): Promise<string> {
  return readFile(path, "utf8");
}

/** The whole file as bytes. */
export async function readBytesFile(path: string): Promise<Uint8Array> {
  return readFile(path);
}

export async function writeTextFile(path: string, text: string): Promise<void> {
  await writeFile(path, text);
}

/** Makes the folder and those above it. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
}

/** Makes a fresh folder under the system's temporary folder; who asks removes it. */
export function makeTemporaryFolder(prefix: string): Promise<string> {
  return mkdtemp(join(tmpdir(), prefix));
}

/** Removes a file or a folder with all it holds; nothing there is no error. */
export async function removePath(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

/** Names in a folder, sorted. */
export async function listFolder(path: string): Promise<readonly string[]> {
  return (await readdir(path)).sort();
}

/** A text that is another one after a file was written anew, replaced, or came or went. Links are followed. */
export async function fileStamp(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(path);
    return `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
  } catch {
    return "none";
  }
}

/** The plain reason of a failed file operation: `no such file`, `permission denied`, … */
export function fileErrorReason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "is a folder",
  ENOTDIR: "a part of the path is no folder",
};
