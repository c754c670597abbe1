import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Labels, labelsOf } from "../../src/model/labels.ts";
import { createGrpcServer, type GrpcServer } from "../../src/rpc/grpc-server.ts";
import type { EndpointInfo } from "../../src/store/endpoint.ts";
import type { SeriesRequest, Store } from "../../src/store/store.ts";
import { BatchBuilder } from "../../src/wire/batch-builder.ts";
import { SeriesResponseSchema } from "../../src/wire/gen/thanos/store_pb.ts";
import { createDeframer } from "../../src/wire/grpc-frames.ts";
import type { SeriesBatch } from "../../src/wire/series-batch.ts";
import { encodeSeriesFrames } from "../../src/wire/series-response.ts";
import { type Hash64, xxhash64 } from "../../src/wire/xxhash64.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { type Block, readBlocks } from "../support/tsdb-block.ts";

/** The recorded data behind StoreAPI endpoints. */
export interface Leaves {
  /** `host:port`, in the order a0, a1, b0, b1. */
  readonly addresses: readonly string[];
  close(): Promise<void>;
}

/** Serves each file of `dataFolder` as a store of its own; blocks are made by promtool below `scratchFolder`. */
export async function startLeaves(
  dataFolder: string,
  options: { readonly promtool: string; readonly scratchFolder: string },
): Promise<Leaves> {
  const servers: GrpcServer[] = [];
  const addresses: string[] = [];
  for (const name of ["a0", "a1", "b0", "b1"]) {
    const external = labelsOf({ cluster: name.slice(0, 1), replica: name.slice(1) });
    const server = serveBlocks(makeBlocks(join(dataFolder, `${name}.om.gz`), options), external);
    servers.push(server);
    addresses.push(await server.listen({ host: "127.0.0.1", port: 0 }));
  }
  return {
    addresses,
    close: async () => void (await Promise.all(servers.map((server) => server.close(0)))),
  };
}

function makeBlocks(
  file: string,
  options: { readonly promtool: string; readonly scratchFolder: string },
): readonly Block[] {
  mkdirSync(options.scratchFolder, { recursive: true });
  const folder = mkdtempSync(join(options.scratchFolder, "blocks-"));
  try {
    const text = join(folder, "samples.om");
    writeFileSync(text, gunzipSync(readFileSync(file)));
    const args = ["tsdb", "create-blocks-from", "openmetrics", text, folder];
    const made = spawnSync(options.promtool, args, { encoding: "utf8" });
    if (made.status !== 0) throw new Error(`Cannot make blocks of ${file}: ${made.stderr || made.error}`);
    return readBlocks(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function serveBlocks(blocks: readonly Block[], external: Labels) {
  const timeRange = {
    minMs: Math.min(...blocks.map((block) => block.range.minMs)),
    maxMs: Math.max(...blocks.map((block) => block.range.maxMs)),
  };
  const series = blocks.flatMap((block) =>
    block.series.map(({ labels, chunks }) => ({
      labels,
      // StoreAPI counts encodings from 0, blocks from 1.
      chunks: chunks.map((chunk) => ({ ...chunk, encoding: chunk.encoding - 1 })),
    })),
  );
  const store = asStoreGateway(
    createMemoryStore({
      name: external.map((label) => label.value).join(""),
      series,
      externalLabels: external,
      info: { timeRange, component: "store" },
    }),
    external,
  );
  const info: EndpointInfo = {
    ...store.info(),
    component: "store",
    tsdbInfos: [{ labels: external, timeRange }],
    apis: new Set(["store"]),
  };
  return createGrpcServer({ store, info: () => info, health: () => true });
}

/** A store as a store gateway answers: chunks carry a hash, and nothing is selected by external labels alone. */
function asStoreGateway(store: Store, external: Labels): Store {
  const inner = (request: SeriesRequest) =>
    request.matchers.some(({ name }) => !external.some((label) => label.name === name));
  return {
    ...store,
    async *series(ctx, request) {
      if (!inner(request)) return;
      for await (const batch of store.series(ctx, request)) yield withHashes(batch);
    },
  };
}

function withHashes(batch: SeriesBatch): SeriesBatch {
  const builder = new BatchBuilder();
  const frames: Uint8Array[] = [];
  const deframer = createDeframer({ limitBytes: 1 << 28 });
  deframer.push(encodeSeriesFrames(batch, { from: 0, to: batch.count, batchSize: 1 }), frames);
  for (const frame of frames) {
    const message = fromBinary(SeriesResponseSchema, frame);
    const chunks = message.result.case === "series" ? message.result.value.chunks : [];
    for (const { raw } of chunks) if (raw !== undefined) raw.hash = hashOf(raw.data);
    builder.add(toBinary(SeriesResponseSchema, message));
  }
  return builder.take();
}

function hashOf(bytes: Uint8Array): bigint {
  const hash: Hash64 = { low: 0, high: 0 };
  xxhash64(bytes, 0, bytes.length, hash);
  return (BigInt(hash.high >>> 0) << 32n) | BigInt(hash.low >>> 0);
}
