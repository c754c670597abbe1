/** A label name for a URL's path: bare where every Prometheus takes it, else in Prometheus 3's `U__` form. */
export function escapeLabelName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  let escaped = "U__";
  for (const character of name.toWellFormed()) {
    if (character === "_") escaped += "__";
    else if (/[A-Za-z0-9]/.test(character)) escaped += character;
    else escaped += `_${(character.codePointAt(0) ?? 0).toString(16)}_`;
  }
  return escaped;
}
