/**
 * Deals the chunks of a series out to as few replicas as upstream does, so that no replica has overlapping chunks: each
 * chunk goes to the first one whose last chunk ends before it begins.
 *
 *   chunks   0–20  0–30  21–50  31–60  100–160
 *   replica  0     1     0      1      0
 *
 * Writes the replica of chunk `from + i` to `replicaOf[i]` and returns how many replicas there are.
 */
export function splitOverlaps(
  minMs: Float64Array,
  maxMs: Float64Array,
  range: { readonly from: number; readonly to: number },
  replicaOf: Int32Array,
): number {
  let count = 0;
  for (let chunk = range.from; chunk < range.to; chunk++) {
    const begin = minMs[chunk] as number;
    let replica = 0;
    while (replica < count && (lastMs[replica] as number) >= begin) replica++;
    if (replica === count) {
      count++;
      if (count > lastMs.length) growLastMs();
    }
    lastMs[replica] = maxMs[chunk] as number;
    replicaOf[chunk - range.from] = replica;
  }
  return count;
}

/** End of the last chunk of each replica; scratch of one call. */
let lastMs = new Float64Array(16);

function growLastMs(): void {
  const grown = new Float64Array(2 * lastMs.length);
  grown.set(lastMs);
  lastMs = grown;
}
