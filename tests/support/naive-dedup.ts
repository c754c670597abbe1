/**
 * Replica dedup as Thanos writes it, iterator by iterator: the oracle of the column kernels. Floats only.
 * `seeksBack` gives the iterators of its unit tests, whose seek may go back; production's only go forward.
 */
export interface Sample {
  readonly t: number;
  readonly v: number;
}

interface FloatIterator {
  /** Whether there is a next sample, and moves to it. */
  next(): boolean;
  seek(t: number): boolean;
  time(): number;
  value(): number;
  adjust(lastValue: number): void;
}

export function listIterator(
  samples: readonly Sample[],
  options: { readonly counter: boolean; readonly seeksBack?: boolean },
): FloatIterator {
  let at = -1;
  let adjustment = 0;
  const current = () => samples[at];
  return {
    next: () => ++at < samples.length,
    seek(t) {
      if (options.seeksBack) at = -1;
      for (;;) {
        if (at >= 0 && at < samples.length && (current()?.t ?? 0) >= t) return true;
        if (++at >= samples.length) return false;
      }
    },
    time: () => (at < 0 ? Number.NEGATIVE_INFINITY : (current()?.t ?? Number.POSITIVE_INFINITY)),
    value: () => (current()?.v ?? 0) + adjustment,
    adjust(lastValue) {
      if (!options.counter) return;
      const value = (current()?.v ?? 0) + adjustment;
      if (lastValue > value) adjustment += lastValue - value;
    },
  };
}

export function dedupIterator(a: FloatIterator, b: FloatIterator): FloatIterator {
  let aAlive = a.next();
  let bAlive = b.next();
  let lastT = Number.NEGATIVE_INFINITY;
  let last = a;
  let penaltyA = 0;
  let penaltyB = 0;
  let useA = true;

  const advance = (): boolean => {
    if (aAlive) aAlive = a.seek(lastT + 1 + penaltyA);
    if (bAlive) bAlive = b.seek(lastT + 1 + penaltyB);
    if (!aAlive) {
      useA = false;
      if (bAlive) {
        lastT = b.time();
        last = b;
        penaltyB = 0;
      }
      return bAlive;
    }
    if (!bAlive) {
      useA = true;
      lastT = a.time();
      last = a;
      penaltyA = 0;
      return true;
    }
    const ta = a.time();
    const tb = b.time();
    useA = ta <= tb;
    const started = lastT !== Number.NEGATIVE_INFINITY;
    if (useA) {
      penaltyB = started ? 2 * (ta - lastT) : 5000;
      penaltyA = 0;
      lastT = ta;
      last = a;
    } else {
      penaltyA = started ? 2 * (tb - lastT) : 5000;
      penaltyB = 0;
      lastT = tb;
      last = b;
    }
    return true;
  };

  const adjust = (lastValue: number) => {
    if (aAlive) a.adjust(lastValue);
    if (bAlive) b.adjust(lastValue);
  };
  const time = () => (useA ? a.time() : b.time());
  const next = (): boolean => {
    const isFloat = useA ? aAlive : bAlive;
    const lastValue = isFloat ? last.value() : 0;
    const usedA = useA;
    const alive = advance();
    if (useA !== usedA && isFloat) adjust(lastValue);
    return alive;
  };
  return {
    next,
    seek(t) {
      for (;;) {
        const ts = time();
        if (ts >= t) return useA ? a.seek(ts) : b.seek(ts);
        if (!next()) return false;
      }
    },
    time,
    value: () => last.value(),
    adjust,
  };
}

/** Folds replicas from the left and reads all samples. */
export function naiveDedup(
  replicas: readonly (readonly Sample[])[],
  options: { readonly counter: boolean; readonly seeksBack?: boolean },
): Sample[] {
  const [first, ...others] = replicas.map((samples) => listIterator(samples, options));
  if (first === undefined) return [];
  const folded = others.reduce(dedupIterator, first);
  const out: Sample[] = [];
  while (folded.next()) out.push({ t: folded.time(), v: folded.value() });
  return out;
}
