/**
 * A StoreAPI leaf that replays prepared frames, near the floor of what a process can send; a process of its own:
 *
 *   node tests/bench/leaf.ts '{"folder": …, "cluster": "a", "replica": "0", "series": 2000, "hours": 24, "tls": …}'
 *
 * Prints `{"plain": "host:port", "tls": "host:port"}` when it listens, and for each ended Series stream a line
 * `{"closed": Unix ms, "whole": boolean}`. A line `slow` on its input makes it send a hundredth of an answer every 20 ms, `fast` ends that.
 */
import {
  createSecureServer,
  createServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { toBinary } from "@bufbuild/protobuf";
import { labelsOf } from "../../src/model/labels.ts";
import { HealthCheckResponseSchema } from "../../src/wire/gen/grpc/health/v1/health_pb.ts";
import { InfoResponseSchema } from "../../src/wire/gen/thanos/info/info_pb.ts";
import { encodeFrame, framePrefixSize } from "../../src/wire/grpc-frames.ts";
import { toInfoMessage } from "../../src/wire/info-response.ts";
import { decodeSeriesRequest } from "../../src/wire/series-request.ts";
import { datasetStartMs, ensureDataset } from "./dataset.ts";
import { loadLeafData } from "./leaf-data.ts";

interface LeafOptions {
  readonly folder: string;
  readonly cluster: string;
  readonly replica: string;
  readonly series: number;
  readonly hours: number;
  readonly tls: { readonly certPem: string; readonly keyPem: string; readonly caPem: string };
}

const pieceBytes = 256 * 1024;
const options = JSON.parse(process.argv[2] ?? "{}") as LeafOptions;
const wholeRange = { minMs: datasetStartMs, maxMs: datasetStartMs + options.hours * 3600_000 };
const data = loadLeafData(ensureDataset(options.folder, options), wholeRange);
const external = labelsOf({ cluster: options.cluster, replica: options.replica });
const info = encodeFrame(
  toBinary(
    InfoResponseSchema,
    toInfoMessage({
      labelSets: [external],
      component: "store",
      apis: new Set(["store"]),
      timeRange: wholeRange,
      supportsSharding: false,
      supportsWithoutReplicaLabels: true,
      tsdbInfos: [{ labels: external, timeRange: wholeRange }],
    }),
  ),
);
const healthy = encodeFrame(
  toBinary(HealthCheckResponseSchema, { $typeName: "grpc.health.v1.HealthCheckResponse", status: 1 }),
);
const empty = encodeFrame(new Uint8Array());
let slow = false;

const settings = { settings: { initialWindowSize: 1 << 20 } };
const plain = createServer(settings);
const secure = createSecureServer({
  ...settings,
  cert: options.tls.certPem,
  key: options.tls.keyPem,
  ca: options.tls.caPem,
  requestCert: true,
  rejectUnauthorized: true,
});
const addresses: string[] = [];
for (const server of [plain, secure]) {
  server.on("session", (session: ServerHttp2Session) => session.on("error", () => undefined));
  server.on("stream", serve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  addresses.push(`127.0.0.1:${(server.address() as AddressInfo).port}`);
}
createInterface({ input: process.stdin }).on("line", (line) => {
  slow = line === "slow";
});
process.stdin.on("end", () => process.exit(0));
console.log(JSON.stringify({ plain: addresses[0], tls: addresses[1] }));

function serve(stream: ServerHttp2Stream, headers: Readonly<Record<string, unknown>>): void {
  const parts: Buffer[] = [];
  stream.on("error", () => undefined);
  stream.on("data", (part: Buffer) => parts.push(part));
  stream.on("end", () => answer(stream, String(headers[":path"]), Buffer.concat(parts)));
}

function answer(stream: ServerHttp2Stream, path: string, request: Buffer): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", "grpc-message": "" }));
  if (path === "/thanos.Store/Series") return void sendSeries(stream, request);
  if (path === "/thanos.info.Info/Info") stream.end(info);
  else if (path === "/grpc.health.v1.Health/Check") stream.end(healthy);
  else stream.end(empty);
}

async function sendSeries(stream: ServerHttp2Stream, request: Buffer): Promise<void> {
  let whole = false;
  stream.on("close", () => console.log(JSON.stringify({ closed: Date.now(), whole })));
  const bytes = data.frames(decodeSeriesRequest(request.subarray(framePrefixSize)));
  for (let at = 0; at < bytes.length && !stream.destroyed; ) {
    const size = slow ? Math.ceil(bytes.length / 100) : pieceBytes;
    if (slow) await sleep(20);
    if (!stream.write(bytes.subarray(at, at + size)) && !stream.destroyed) await drained(stream);
    at += size;
  }
  whole = !stream.destroyed;
  if (whole) stream.end();
}

function drained(stream: ServerHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.on("drain", done);
    stream.on("close", done);
  });
}
