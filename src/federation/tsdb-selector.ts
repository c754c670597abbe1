import { compareBytewise } from "../lib/bytes.ts";
import { type Labels, labelValue } from "../model/labels.ts";
import type { Matcher } from "../model/matcher.ts";

/**
 * Which TSDBs behind an endpoint take part (`--selector.relabel-config`): of its label sets the ones that are kept, all of
 * them where nothing is dropped, `undefined` where the endpoint takes no part.
 */
export type TsdbSelector = (labelSets: readonly Labels[]) => readonly Labels[] | undefined;

/**
 * Matchers that hold a store to these label sets: for each name a regular expression of its values, with the empty one
 * where a set lacks the label. Values of different sets mix, as upstream.
 */
export function matchersOf(labelSets: readonly Labels[]): readonly Matcher[] {
  const names = [...new Set(labelSets.flatMap((labels) => labels.map(({ name }) => name)))].sort(
    compareBytewise,
  );
  return names.map((name) => {
    const values = labelSets.map((labels) => labelValue(labels, name));
    const known = [...new Set(values.filter((value) => value !== undefined))].sort(compareBytewise);
    const alternatives = known.map((value) => value.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&"));
    return { type: "=~", name, value: alternatives.join("|") + (values.includes(undefined) ? "|^$" : "") };
  });
}
