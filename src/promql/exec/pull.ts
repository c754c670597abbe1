/** Something that is pulled; a promise only where waiting is needed. */
export interface Pullable<T> {
  next(): T | undefined | Promise<T | undefined>;
}

/** Pulls until `apply` makes something of an item, or the input ends. */
export function pullMapped<A, B>(
  input: Pullable<A>,
  apply: (item: A) => B | undefined,
): B | undefined | Promise<B | undefined> {
  for (;;) {
    const item = input.next();
    if (item instanceof Promise) return pullLater(item, input, apply);
    if (item === undefined) return undefined;
    const made = apply(item);
    if (made !== undefined) return made;
  }
}

async function pullLater<A, B>(
  first: Promise<A | undefined>,
  input: Pullable<A>,
  apply: (item: A) => B | undefined,
): Promise<B | undefined> {
  let item: A | undefined = await first;
  for (;;) {
    if (item === undefined) return undefined;
    const made = apply(item);
    if (made !== undefined) return made;
    const next = input.next();
    item = next instanceof Promise ? await next : next;
  }
}

/** Hands every item to `consume`. Answers a promise only where the input had to wait. */
export function drain<T>(input: Pullable<T>, consume: (item: T) => void): undefined | Promise<void> {
  for (;;) {
    const item = input.next();
    if (item instanceof Promise) return drainLater(item, input, consume);
    if (item === undefined) return undefined;
    consume(item);
  }
}

async function drainLater<T>(
  first: Promise<T | undefined>,
  input: Pullable<T>,
  consume: (item: T) => void,
): Promise<void> {
  let item: T | undefined = await first;
  while (item !== undefined) {
    consume(item);
    const next = input.next();
    item = next instanceof Promise ? await next : next;
  }
}

/** Runs `prepare` once before the first `next`. */
export function afterPreparing<T>(
  prepare: () => undefined | Promise<unknown>,
  next: () => T | undefined | Promise<T | undefined>,
): () => T | undefined | Promise<T | undefined> {
  let ready = false;
  return () => {
    if (ready) return next();
    const pending = prepare();
    if (pending === undefined) {
      ready = true;
      return next();
    }
    return pending.then(() => {
      ready = true;
      return next();
    });
  };
}

/** Applies `then` to a value that may still be on its way. */
export function whenReady<A, B>(value: A | Promise<A>, then: (value: A) => B | Promise<B>): B | Promise<B> {
  return value instanceof Promise ? value.then(then) : then(value);
}
