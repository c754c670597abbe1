import type { QueryForm } from "./ask-api.ts";

/** A difference that is no fault of ours. */
export interface KnownDifference {
  readonly name: string;
  readonly reason: string;
  /** Only a server before 3.0 shows it. */
  readonly oldOnly: boolean;
  readonly explains: (difference: Difference) => boolean;
}

export interface Difference {
  readonly query: string;
  readonly form: QueryForm;
  /** What differs, in words. */
  readonly text: string;
}

/** All of them. */
export const knownDifferences: readonly KnownDifference[] = [];

/** The known difference that this one is, if any. */
export function explain(difference: Difference, modern: boolean): KnownDifference | undefined {
  return knownDifferences.find(({ oldOnly, explains }) => !(oldOnly && modern) && explains(difference));
}
