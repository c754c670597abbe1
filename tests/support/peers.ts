import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const cache = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), ".cache", "peers");

/** A Debian package that tests run programs of, and the programs. */
export interface DebianPeer<Program extends string> {
  readonly package: string;
  /** Where each lies inside the package. */
  readonly programs: Readonly<Record<Program, string>>;
  /** Packages whose libraries it needs beside it; see `libraryFolders`. */
  readonly libraries?: readonly string[];
}

export type FoundPeer<Program extends string> =
  | { readonly kind: "found"; readonly paths: Readonly<Record<Program, string>> }
  /** `how` says what the user can do about it. */
  | { readonly kind: "absent"; readonly how: string };

export const debianPrometheus: DebianPeer<"prometheus" | "promtool"> = {
  package: "prometheus",
  programs: { prometheus: "usr/bin/prometheus", promtool: "usr/bin/promtool" },
};

export const debianDnsmasq: DebianPeer<"dnsmasq"> = {
  package: "dnsmasq-base",
  programs: { dnsmasq: "usr/sbin/dnsmasq" },
  libraries: [
    "libnetfilter-conntrack3",
    "libnfnetlink0",
    "libnftables1",
    "libnftnl11",
    "libmnl0",
    "libjansson4",
    "libxtables12",
    "libedit2",
    "libbsd0",
    "libmd0",
  ],
};

/** For LD_LIBRARY_PATH: where the libraries of a peer lie. */
export function libraryFolders(peer: DebianPeer<string>): string {
  const usrLib = join(cache, peer.package, "usr", "lib");
  const lib = join(cache, peer.package, "lib");
  return [usrLib, lib]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .join(":");
}

/**
 * Programs of a Debian package, unpacked below `.cache/peers`: fetched with apt-get where they are not there yet,
 * as any user; nothing is installed on the host and nothing is started.
 */
export function findPeer<Program extends string>(peer: DebianPeer<Program>): FoundPeer<Program> {
  const folder = join(cache, peer.package);
  if (!complete(peer, folder)) {
    const how = fetchPeer(peer, folder);
    if (how !== undefined) return { kind: "absent", how };
  }
  const entries = Object.entries(peer.programs).map(([name, path]) => [name, join(folder, String(path))]);
  return { kind: "found", paths: Object.fromEntries(entries) as Record<Program, string> }; // The keys of `programs`.
}

/**
 * The same for a test file: prints `not run: NAME, how to get it` and gives `undefined` where the peer cannot be had.
 * With `CI=true` that is an error, so that a missing part is never taken for a passed one.
 */
export function peerOrNotRun<Program extends string>(
  name: string,
  peer: DebianPeer<Program>,
): Readonly<Record<Program, string>> | undefined {
  const found = findPeer(peer);
  if (found.kind === "found") return found.paths;
  console.log(`not run: ${name}, ${found.how}`);
  if (process.env.CI === "true") throw new Error(`not run: ${name}, ${found.how}`);
  return undefined;
}

function complete(peer: DebianPeer<string>, folder: string): boolean {
  return Object.values(peer.programs).every((path) => existsSync(join(folder, path)));
}

/** What to do where it cannot be fetched, else `undefined`. */
function fetchPeer(peer: DebianPeer<string>, folder: string): string | undefined {
  for (const tool of ["apt-get", "dpkg-deb"]) {
    if (spawnSync(tool, ["--version"]).status !== 0)
      return `on Debian, with ${tool}: apt-get download ${peer.package}`;
  }
  const packages = [peer.package, ...(peer.libraries ?? [])];
  mkdirSync(cache, { recursive: true });
  // Other test processes may fetch it at the same time: each in a folder of its own, the first one's stays.
  const own = mkdtempSync(join(cache, `${peer.package}-`));
  try {
    const trouble = download(packages, own);
    if (trouble !== undefined) return `apt-get download ${packages.join(" ")} (${trouble})`;
    const unpacked = join(own, "unpacked");
    const archives = readdirSync(own).filter((name) => name.endsWith(".deb"));
    if (archives.length < packages.length)
      return `apt-get download ${packages.join(" ")} (it left ${archives.length} of them)`;
    for (const archive of archives) {
      const unpack = spawnSync("dpkg-deb", ["-x", join(own, archive), unpacked], { encoding: "utf8" });
      if (unpack.status !== 0) return `dpkg-deb -x ${archive} (${lastLine(unpack.stderr)})`;
    }
    if (!complete(peer, unpacked))
      return `a package ${peer.package} that holds ${Object.keys(peer.programs)}`;
    keep(peer, unpacked, folder);
    return undefined;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

function keep(peer: DebianPeer<string>, unpacked: string, folder: string): void {
  try {
    renameSync(unpacked, folder);
  } catch (error) {
    if (!complete(peer, folder)) throw error;
  }
}

function download(packages: readonly string[], folder: string): string | undefined {
  const run = () =>
    spawnSync("apt-get", ["download", ...packages], { cwd: folder, encoding: "utf8", timeout: 120_000 });
  const first = run();
  if (first.status === 0) return undefined;
  // A fresh image has no package lists.
  if (process.getuid?.() !== 0) return `${lastLine(first.stderr)}; apt-get update as root may help`;
  spawnSync("apt-get", ["update"], { encoding: "utf8", timeout: 120_000 });
  const second = run();
  return second.status === 0 ? undefined : lastLine(second.stderr);
}

function lastLine(text: string | null): string {
  return (text ?? "").trim().split("\n").at(-1) ?? "";
}
