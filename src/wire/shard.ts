import { LabelWalker } from "./label-walker.ts";
import { nameBytes } from "./string-cache.ts";
import { isName } from "./wire-labels.ts";
import { type Hash64, xxhash64 } from "./xxhash64.ts";

/** Thanos's ShardInfo: series whose hash over `labels` (`by`), or over all others (not `by`), falls on `shardIndex`. */
export interface Sharding {
  readonly shardIndex: number;
  readonly totalShards: number;
  readonly by: boolean;
  readonly labels: readonly string[];
}

/** Tells by its label region whether a series belongs to a shard. */
export interface ShardMatcher {
  matches(bytes: Uint8Array, start: number, end: number): boolean;
}

const separator = 0xff;
const walker = new LabelWalker();
const hash: Hash64 = { low: 0, high: 0 };
let hashed = new Uint8Array(1024);

/**
 * Thanos's shard matcher (pkg/store/storepb/shard_info.go): xxHash64 over `name ff value ff` of the chosen labels in label
 * order, modulo the number of shards. Fewer than one shard is no sharding: everything matches.
 */
export function createShardMatcher(sharding: Sharding | undefined): ShardMatcher {
  if (sharding === undefined || sharding.totalShards < 1) return { matches: () => true };
  const names = sharding.labels.map(nameBytes);
  const { by, shardIndex, totalShards } = sharding;
  return {
    matches(bytes, start, end) {
      hashLabels(bytes, start, end, { names, by }, hash);
      return modulo(hash, totalShards) === shardIndex;
    },
  };
}

/** The hash of the labels of a region that are in `names` (`by`) or are not. */
export function hashLabels(
  bytes: Uint8Array,
  start: number,
  end: number,
  choice: { readonly names: readonly Uint8Array[]; readonly by: boolean },
  out: Hash64,
): void {
  if (hashed.length < end - start) hashed = new Uint8Array(2 * (end - start));
  let size = 0;
  walker.reset(bytes, start, end);
  while (walker.next()) {
    if (isChosen(choice.names) !== choice.by) continue;
    for (let i = walker.nameStart; i < walker.nameEnd; i++) hashed[size++] = bytes[i] as number;
    hashed[size++] = separator;
    for (let i = walker.valueStart; i < walker.valueEnd; i++) hashed[size++] = bytes[i] as number;
    hashed[size++] = separator;
  }
  xxhash64(hashed, 0, size, out);
}

function isChosen(names: readonly Uint8Array[]): boolean {
  for (const name of names) if (isName(walker.bytes, walker.nameStart, walker.nameEnd, name)) return true;
  return false;
}

const mostShards = 2 ** 20;

function modulo({ low, high }: Hash64, by: number): number {
  if (by > mostShards) return Number(((BigInt(high) << 32n) | BigInt(low)) % BigInt(by));
  return ((high % by) * (4_294_967_296 % by) + (low % by)) % by;
}
