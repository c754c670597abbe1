import type { Compression } from "@connectrpc/connect/protocol";
import { readSnappyFrames, writeSnappyFrames } from "../wire/snappy-frames.ts";

/** The `snappy` encoding of Thanos's clients (`--grpc-compression=snappy`): Snappy's framing format. */
export const snappyCompression: Compression = {
  name: "snappy",
  compress: async (bytes) => writeSnappyFrames(bytes) as Uint8Array<ArrayBuffer>,
  decompress: async (bytes, limitBytes) =>
    readSnappyFrames(
      bytes,
      limitBytes > 0 ? limitBytes : Number.POSITIVE_INFINITY,
    ) as Uint8Array<ArrayBuffer>,
};
