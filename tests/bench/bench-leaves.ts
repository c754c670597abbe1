import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { createThrowawayAuthority } from "../../src/runtime/throwaway-certificates.ts";

/** Four leaves in processes of their own. */
export interface BenchLeaves {
  readonly plain: readonly string[];
  readonly tls: readonly string[];
  /** Flags of a querier that speaks mTLS with them, and the same for a client in this process. */
  readonly tlsFlags: readonly string[];
  readonly clientTls: { readonly ca: string; readonly cert: string; readonly key: string };
  setSlow(slow: boolean): void;
  /** Series streams that ended since the last call of this. */
  takeClosed(): readonly ClosedStream[];
  close(): void;
}

export interface ClosedStream {
  /** Unix milliseconds. */
  readonly closed: number;
  /** Whether all frames were sent. */
  readonly whole: boolean;
}

export interface BenchLeavesOptions {
  readonly root: string;
  readonly folder: string;
  readonly series: number;
  readonly hours: number;
}

export async function startBenchLeaves(options: BenchLeavesOptions): Promise<BenchLeaves> {
  const authority = await createThrowawayAuthority();
  const pair = await authority.issue({ commonName: "bench" });
  const tls = { certPem: pair.certPem, keyPem: pair.keyPem, caPem: authority.caPem };
  const closed: ClosedStream[] = [];
  const started: StartedLeaf[] = [];
  for (const name of ["a0", "a1", "b0", "b1"])
    started.push(await startLeaf({ ...options, name, tls, onClosed: (stream) => closed.push(stream) }));
  return {
    plain: started.map((leaf) => leaf.plain),
    tls: started.map((leaf) => leaf.tls),
    tlsFlags: writeTlsFiles(join(options.folder, "tls"), tls),
    clientTls: { ca: tls.caPem, cert: tls.certPem, key: tls.keyPem },
    setSlow(slow) {
      for (const { child } of started) child.stdin?.write(slow ? "slow\n" : "fast\n");
    },
    takeClosed: () => closed.splice(0),
    close() {
      for (const { child } of started) child.kill();
    },
  };
}

interface LeafTls {
  readonly certPem: string;
  readonly keyPem: string;
  readonly caPem: string;
}

function writeTlsFiles(folder: string, tls: LeafTls): string[] {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  return [
    "--grpc-client-tls-secure",
    `--grpc-client-tls-ca=${write("ca.pem", tls.caPem)}`,
    `--grpc-client-tls-cert=${write("cert.pem", tls.certPem)}`,
    `--grpc-client-tls-key=${write("key.pem", tls.keyPem)}`,
    "--grpc-client-server-name=localhost",
  ];
}

interface StartedLeaf {
  readonly child: ChildProcess;
  readonly plain: string;
  readonly tls: string;
}

function startLeaf(
  options: BenchLeavesOptions & {
    readonly name: string;
    readonly tls: LeafTls;
    readonly onClosed: (stream: ClosedStream) => void;
  },
): Promise<StartedLeaf> {
  const { root, folder, series, hours, name, tls } = options;
  const told = { folder, series, hours, tls, cluster: name.slice(0, 1), replica: name.slice(1) };
  const child = spawn(process.execPath, [join(root, "tests/bench/leaf.ts"), JSON.stringify(told)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`leaf ${name} ended with ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const said = JSON.parse(line) as Partial<ClosedStream & StartedLeaf>;
      if (said.plain !== undefined && said.tls !== undefined)
        resolve({ child, plain: said.plain, tls: said.tls });
      else if (said.closed !== undefined)
        options.onClosed({ closed: said.closed, whole: said.whole === true });
    });
  });
}
