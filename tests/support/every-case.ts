/** Chooses one of `count` values, 0 … count − 1. */
export type Pick = (count: number) => number;

/**
 * Every sequence of choices that a test can make: the body asks `pick(n)` as often as it likes, and the loop ends
 * when all answers were given. Bounded, so a body that asks without end shows itself.
 *
 *   for (const pick of everyCase()) check([pick(2), pick(3)]);   six rounds
 */
export function* everyCase(limit = 1_000_000): Generator<Pick> {
  let choices: { value: number; count: number }[] = [];
  for (let round = 0; round < limit; round++) {
    let depth = 0;
    yield (count) => {
      const known = choices[depth];
      if (known === undefined) choices.push({ value: 0, count });
      else if (known.count !== count) throw new Error(`choice ${depth} is not the same in every round`);
      return (choices[depth++] as { value: number }).value;
    };
    choices = choices.slice(0, depth);
    while (choices.length > 0) {
      const last = choices[choices.length - 1] as { value: number; count: number };
      if (++last.value < last.count) break;
      choices.pop();
    }
    if (choices.length === 0) return;
  }
  throw new Error(`more than ${limit} cases`);
}
