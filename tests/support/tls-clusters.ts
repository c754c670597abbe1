import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type RunningQuery, startQuery } from "../../src/commands/query.ts";
import { readQueryConfig } from "../../src/config/query-config.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { createGrpcServer, type GrpcServer } from "../../src/rpc/grpc-server.ts";
import {
  type CertificatePair,
  type CertificateRequest,
  createThrowawayAuthority,
  type ThrowawayAuthority,
} from "../../src/runtime/throwaway-certificates.ts";
import { createMemoryStore, type MemorySample } from "./memory-store.ts";
import { endpointInfoOf } from "./store-api.ts";

const start = 1_793_491_200;

/** What to close after a test, last opened first. */
export const opened: (() => Promise<void> | void)[] = [];
/** Ends what a test opened. */
export async function closeOpened(): Promise<void> {
  for (const close of opened.splice(0).reverse()) await close();
}

/** Authorities of two clusters, and of the gateways that they let in. */
export const eu = await createThrowawayAuthority("eu");
export const us = await createThrowawayAuthority("us");
export const own = await createThrowawayAuthority("gateways");

/** A server of a cluster. */
export interface Leaf {
  readonly address: string;
  readonly server: GrpcServer;
}

/** A store of one series, over TLS with a certificate of `authority`, or plain. */
export async function leaf(
  name: string,
  authority: ThrowawayAuthority | undefined,
  certificate: Partial<CertificateRequest> = {},
): Promise<Leaf> {
  const samples = Array.from({ length: 41 }, (_, i): MemorySample => [(start + i * 15) * 1000, i]);
  const store = createMemoryStore({
    name,
    externalLabels: labelsOf({ cluster: name }),
    series: [{ labels: labelsOf({ __name__: "up" }), samples }],
  });
  const tls = authority && {
    ...(await authority.issue({ commonName: name, ...certificate })),
    clientCaPem: own.caPem,
    minVersion: "1.3" as const,
  };
  const server = createGrpcServer({ store, info: () => endpointInfoOf(store), health: () => true, tls });
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  opened.push(() => server.close(0));
  return { address, server };
}

/** Files of a test. */
export interface Folder {
  /** Writes a file and gives its name. */
  write(name: string, text: string): string;
  pair(name: string, pair: CertificatePair): void;
  readonly path: string;
}

function folder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "sluice-clusters-"));
  opened.push(() => rmSync(path, { recursive: true }));
  const write = (name: string, text: string) => {
    writeFileSync(join(path, name), text);
    return join(path, name);
  };
  return {
    path,
    write,
    pair(name, { certPem, keyPem }) {
      write(`${name}.crt`, certPem);
      write(`${name}.key`, keyPem);
    },
  };
}

/** A folder with the authorities `eu.pem` and `us.pem`, and a certificate to show, `gateway.crt` and `gateway.key`. */
export async function files(): Promise<Folder> {
  const made = folder();
  made.write("eu.pem", eu.caPem);
  made.write("us.pem", us.caPem);
  made.pair("gateway", await own.issue({ commonName: "gateway", validMs: 3 * 24 * 3600_000 }));
  return made;
}

/** A gateway with what it logged. */
export interface Gateway extends RunningQuery {
  readonly lines: readonly string[];
}

/** A gateway that looks at its TLS files all the time. */
export async function open(...argv: string[]): Promise<Gateway> {
  const read = readQueryConfig([
    "--http-address=127.0.0.1:0",
    "--grpc-address=127.0.0.1:0",
    "--http-grace-period=1s",
    "--grpc-grace-period=1s",
    "--tls.reload-interval=50ms",
    "--query.max-concurrent=100",
    ...argv,
  ]);
  if (read.kind !== "run") throw new Error("expected a config");
  const lines: string[] = [];
  const io = {
    out: () => undefined,
    err: (text: string) => void lines.push(text),
    stop: new AbortController().signal,
  };
  const running = await startQuery(read.config, io);
  opened.push(running.close);
  return { ...running, lines };
}

/** What is read of an answer. */
export interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] };
  readonly completeness?: {
    readonly complete: number;
    readonly expected: number;
    readonly clusters: readonly { readonly name: string; readonly state: string; readonly reason?: string }[];
  };
}

/** Asks how many stores there are, by default. */
export async function ask({ httpAddress }: RunningQuery, query = "count(up)", more = ""): Promise<Answer> {
  const path = `/api/v1/query?query=${encodeURIComponent(query)}&time=${start + 60}${more}`;
  const response = await fetch(`http://${httpAddress}${path}`);
  return (await response.json()) as Answer;
}

/** The one value of an answer. */
export const countOf = (answer: Answer) => answer.data?.result[0]?.value[1];
/** What an answer says of a cluster. */
export const stateOf = (answer: Answer, name: string) =>
  answer.completeness?.clusters.find((cluster) => cluster.name === name);
/** Lines of a metric with labels. */
export const metric = async ({ httpAddress }: RunningQuery, name: string) => {
  const text = await (await fetch(`http://${httpAddress}/metrics`)).text();
  return text.split("\n").filter((line) => line.startsWith(`${name}{`));
};

/** Waits five seconds at most. */
export async function until(what: string, check: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await check()) return;
    await sleep(25);
  }
  throw new Error(`never: ${what}`);
}

/** Keys of `tls:` for that certificate. */
export const client = "cert: gateway.crt, key: gateway.key";
