import { request as httpRequest } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer } from "../golden/compare-answer.ts";
import { freePorts } from "./ports.ts";
import { startProcess, statusOf } from "./processes.ts";

/** A gateway in a process of its own. */
export interface Gateway {
  /** `host:port` of its HTTP and its gRPC listener. */
  readonly http: string;
  readonly grpc: string;
  readonly pid: number;
  /** What it wrote so far. */
  output(): string;
  end(): Promise<void>;
}

export interface GatewayOptions {
  readonly root: string;
  readonly endpoints: readonly string[];
  readonly flags: readonly string[];
  /** How many stores it is to find before it counts as started; by default as many as there are endpoints. */
  readonly stores?: number | undefined;
  /** Another program that knows `query`, such as Thanos; default is this project on this runtime. */
  readonly program?: string | undefined;
  /** `node` or `deno`; default is the one we are on. */
  readonly runtime?: string | undefined;
}

/** Starts `query` over endpoints and waits until it has heard from all of them. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const [httpPort, grpcPort] = await freePorts(2);
  const http = `127.0.0.1:${httpPort}`;
  const grpc = `127.0.0.1:${grpcPort}`;
  const here = "deno" in process.versions ? "deno" : "node";
  const runtime = options.runtime ?? here;
  const onDeno = runtime === "deno";
  const ownRuntime = runtime === here ? process.execPath : join(options.root, "node_modules/.bin", runtime);
  const program = options.program ?? ownRuntime;
  const main = [...(onDeno ? ["run", "-A"] : []), join(options.root, "src/main.ts")];
  const child = await startProcess({
    name: "gateway",
    command: program,
    args: [
      ...(options.program === undefined ? main : []),
      "query",
      `--http-address=${http}`,
      `--grpc-address=${grpc}`,
      ...options.endpoints.map((address) => `--endpoint=${address}`),
      ...options.flags,
    ],
  });
  // A runner that is ended leaves no gateway behind.
  const cut = () => {
    if (child.exitCode() === undefined) process.kill(child.pid, "SIGKILL");
  };
  process.once("exit", cut);
  const end = async () => {
    process.off("exit", cut);
    await child.end();
  };
  const deadline = Date.now() + 20_000;
  while (!(await knowsAll(http, options.stores ?? options.endpoints.length))) {
    if (child.exitCode() !== undefined || Date.now() > deadline) {
      await end();
      throw new Error(`Cannot start the gateway:\n${child.output()}`);
    }
    await sleep(50);
  }
  return { http, grpc, pid: child.pid, output: child.output, end };
}

async function knowsAll(http: string, count: number): Promise<boolean> {
  if ((await statusOf(`http://${http}/-/ready`)) !== 200) return false;
  const { body } = await call({ address: http, method: "GET", path: "/api/v1/stores", params: [] });
  try {
    const { data } = JSON.parse(body) as { data: Record<string, { labelSets?: unknown[] }[]> };
    return (
      Object.values(data)
        .flat()
        .filter((store) => (store.labelSets ?? []).length > 0).length === count
    );
  } catch {
    return false;
  }
}

export interface CallOptions {
  readonly address: string;
  readonly method: string;
  readonly path: string;
  readonly params: readonly (readonly [string, string])[];
}

/** One request; parameters of a POST go as a form. */
export function call(options: CallOptions): Promise<Answer> {
  const form = new URLSearchParams(
    options.params.map(([name, value]): [string, string] => [name, value]),
  ).toString();
  const inBody = options.method === "POST";
  const path = inBody || form === "" ? options.path : `${options.path}?${form}`;
  const headers = inBody ? { "content-type": "application/x-www-form-urlencoded" } : {};
  return new Promise((resolve, reject) => {
    const [host, port] = options.address.split(":");
    const outgoing = httpRequest(
      { host, port, method: options.method, path, headers, agent: false, timeout: 60_000 },
      (incoming) => {
        const parts: Buffer[] = [];
        incoming.on("data", (part: Buffer) => parts.push(part));
        incoming.on("error", reject);
        incoming.on("end", () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers as Record<string, string>, // Only set-cookie comes as a list.
            body: Buffer.concat(parts).toString(),
          }),
        );
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer for a minute")));
    outgoing.on("error", reject);
    outgoing.end(inBody ? form : undefined);
  });
}
