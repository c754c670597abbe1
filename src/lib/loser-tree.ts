/**
 * A tournament over `count` sources that remembers the losers: after the winner has moved on, one path of
 * log2(count) matches finds the next one.
 *
 *        winner              inner nodes 1 … count − 1 hold the loser of their match,
 *          [1]               leaf i stands at node count + i and is not stored
 *        /     \
 *      [2]     [3]
 *     s2  s3  s0  s1         (count = 4: leaves 4 5 6 7 are sources 0 1 2 3)
 *
 * Ties go to the source with the lower number.
 */
export interface LoserTree {
  /** The source that comes first; any of them where all are at their end. */
  winner(): number;
  /** Plays the matches of the current winner again, after its key has changed. */
  replay(): void;
  /** Plays all matches: at the start, or after keys of others than the winner have changed. */
  rebuild(): void;
}

/** `compare` orders the current keys of two sources (<0, 0, >0); a source at its end must come after all others. */
export function createLoserTree(count: number, compare: (a: number, b: number) => number): LoserTree {
  const losers = new Int32Array(Math.max(count, 1));
  let winner = 0;

  const beats = (a: number, b: number): boolean => {
    const order = compare(a, b);
    return order < 0 || (order === 0 && a < b);
  };

  const playBelow = (node: number): number => {
    if (node >= count) return node - count;
    const left = playBelow(2 * node);
    const right = playBelow(2 * node + 1);
    const leftWins = beats(left, right);
    losers[node] = leftWins ? right : left;
    return leftWins ? left : right;
  };

  const rebuild = () => {
    winner = count > 1 ? playBelow(1) : 0;
  };
  rebuild();

  return {
    winner: () => winner,
    rebuild,
    replay() {
      for (let node = (winner + count) >> 1; node > 0; node >>= 1) {
        const other = losers[node] as number;
        if (beats(other, winner)) {
          losers[node] = winner;
          winner = other;
        }
      }
    },
  };
}
