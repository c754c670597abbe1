/** A replacement text of label_replace, ready to be filled with groups. */
export type Template = (groups: readonly (string | undefined)[]) => string;

/** Characters that a label's value may be made of; without an end of it, calls in calls would double it for ever. */
export const maxValueLength = 1 << 20;

/**
 * `$1`, `$name`, `${name}` and `$$` as Go's Regexp.Expand: the longest name counts, an unknown one is empty.
 * What is longer than `maxValueLength` is cut somewhere past it.
 */
export function parseTemplate(text: string, groupNames: readonly string[]): Template {
  const parts: (string | readonly number[])[] = [];
  const reference = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;
  let from = 0;
  for (const match of text.matchAll(reference)) {
    parts.push(text.slice(from, match.index));
    from = match.index + match[0].length;
    const name = match[1] ?? match[2];
    parts.push(name === undefined ? "$" : groupsOf(name, groupNames));
  }
  parts.push(text.slice(from));
  return (groups) => {
    let out = "";
    for (const part of parts) {
      out += typeof part === "string" ? part : firstText(part, groups);
      if (out.length > maxValueLength) break;
    }
    return out;
  };
}

/** The groups of a number or a name. */
function groupsOf(name: string, groupNames: readonly string[]): readonly number[] {
  if (/^(0|[1-9]\d*)$/.test(name)) return [Number(name)];
  return groupNames.flatMap((groupName, group) => (groupName === name ? [group] : []));
}

/** Of groups that share a name, the first that took part counts. */
function firstText(candidates: readonly number[], groups: readonly (string | undefined)[]): string {
  for (const group of candidates) {
    const text = groups[group];
    if (text !== undefined) return text;
  }
  return "";
}
