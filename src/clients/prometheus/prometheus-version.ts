/**
 * Whether a Prometheus of this version (buildinfo's text; `undefined` for one too old to have it) takes `match[]` when
 * asked for label names and values, which came with 2.24.
 */
export function takesLabelMatchers(version: string | undefined): boolean {
  const match = /^v?(\d+)\.(\d+)/.exec(version ?? "");
  if (match === null) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > 2 || (major === 2 && minor >= 24);
}
