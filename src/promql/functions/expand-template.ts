/** A replacement text of label_replace, ready to be filled with groups. */
export type Template = (groups: readonly string[]) => string;

/** `$1`, `$name`, `${name}` and `$$` as Go's Regexp.Expand: the longest name counts, an unknown one is empty. */
export function parseTemplate(text: string, groupNames: readonly string[]): Template {
  const parts: (string | number)[] = [];
  const reference = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;
  let from = 0;
  for (const match of text.matchAll(reference)) {
    parts.push(text.slice(from, match.index));
    from = match.index + match[0].length;
    const name = match[1] ?? match[2];
    parts.push(name === undefined ? "$" : groupIndex(name, groupNames));
  }
  parts.push(text.slice(from));
  return (groups) => {
    let out = "";
    for (const part of parts) out += typeof part === "string" ? part : (groups[part] ?? "");
    return out;
  };
}

/** The group of a number or a name; where several share the name, the last one. -1 where there is none. */
function groupIndex(name: string, groupNames: readonly string[]): number {
  return /^(0|[1-9]\d*)$/.test(name) ? Number(name) : groupNames.lastIndexOf(name);
}
