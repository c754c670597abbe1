import { readFileSync, writeFileSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import type { ConnectionOptions } from "node:tls";
import { encodeFrame } from "../../src/wire/grpc-frames.ts";
import { encodeSeriesRequest, type WireSeriesRequest } from "../../src/wire/series-request.ts";

/** What one request took, seen from its client and from the server's process. */
export interface Measured {
  readonly wallMs: number;
  readonly firstByteMs: number;
  readonly sizeBytes: number;
  readonly status: number;
  /** CPU of the server's process, in hundredths of a second at best. */
  readonly cpuMs: number;
  /** Largest resident size while it ran. */
  readonly peakMb: number;
}

/** User and system time of a process so far. */
export function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Forgets the high-water mark of a process's resident size. */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

export function peakMbOf(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? Number.NaN) / 1024;
}

/** Runs `body` and adds what it cost the process. */
export async function measuring<T extends object>(
  pid: number,
  body: () => Promise<T>,
): Promise<T & { readonly cpuMs: number; readonly peakMb: number }> {
  resetPeak(pid);
  const before = cpuMsOf(pid);
  const result = await body();
  return { ...result, cpuMs: cpuMsOf(pid) - before, peakMb: peakMbOf(pid) };
}

export interface Drained {
  readonly wallMs: number;
  readonly firstByteMs: number;
  readonly sizeBytes: number;
  readonly status: number;
  readonly body: Buffer | undefined;
}

export interface DrainOptions {
  readonly address: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  /** Keep the body up to this size, else throw it away. */
  readonly keepBytes?: number;
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
}

const oneShot = new Agent({ keepAlive: false });

/** A GET whose answer is counted and thrown away. */
export function drain(options: DrainOptions): Promise<Drained> {
  const startMs = performance.now();
  const path = `${options.path}?${new URLSearchParams(options.params)}`;
  const [host, port] = options.address.split(":");
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host,
        port,
        path,
        agent: options.agent ?? oneShot,
        ...(options.signal ? { signal: options.signal } : {}),
      },
      (incoming) => {
        let firstByteMs = 0;
        let sizeBytes = 0;
        let parts: Buffer[] | undefined = [];
        incoming.on("data", (part: Buffer) => {
          firstByteMs ||= performance.now() - startMs;
          sizeBytes += part.length;
          if (sizeBytes <= (options.keepBytes ?? 0)) parts?.push(part);
          else parts = undefined;
        });
        incoming.on("error", reject);
        incoming.on("end", () =>
          resolve({
            wallMs: performance.now() - startMs,
            firstByteMs,
            sizeBytes,
            status: incoming.statusCode ?? 0,
            body: parts === undefined ? undefined : Buffer.concat(parts),
          }),
        );
      },
    );
    outgoing.on("error", reject);
    outgoing.end();
  });
}

/** Reads one Series answer and throws its bytes away. */
export async function drainSeries(
  address: string,
  request: WireSeriesRequest,
  tls: ConnectionOptions | undefined,
): Promise<{ readonly wallMs: number; readonly firstByteMs: number; readonly sizeBytes: number }> {
  const startMs = performance.now();
  const session = await openSession(address, tls);
  try {
    return await new Promise((resolve, reject) => {
      const stream = session.request({
        ":method": "POST",
        ":path": "/thanos.Store/Series",
        "content-type": "application/grpc",
        te: "trailers",
      });
      let firstByteMs = 0;
      let sizeBytes = 0;
      let status = "";
      stream.on("data", (part: Buffer) => {
        firstByteMs ||= performance.now() - startMs;
        sizeBytes += part.length;
      });
      const note = (headers: Readonly<Record<string, unknown>>) => {
        status = String(headers["grpc-status"] ?? status);
      };
      stream.on("response", note);
      stream.on("trailers", note);
      stream.on("error", reject);
      stream.on("close", () => {
        if (status !== "0") return reject(new Error(`${address}: grpc-status ${status}`));
        resolve({ wallMs: performance.now() - startMs, firstByteMs, sizeBytes });
      });
      stream.end(encodeFrame(encodeSeriesRequest(request)));
    });
  } finally {
    session.destroy();
  }
}

function openSession(address: string, tls: ConnectionOptions | undefined): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const url = `${tls === undefined ? "http" : "https"}://${address}`;
    const session = connect(url, { settings: { initialWindowSize: 4 << 20 }, ...tls });
    session.on("error", reject);
    session.on("connect", () => {
      session.setLocalWindowSize(8 << 20);
      resolve(session);
    });
  });
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Spread of repeated measurements: (largest − smallest) / median. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}
