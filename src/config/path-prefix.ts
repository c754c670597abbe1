/** A path prefix as servers want it: "" for the root, else with a slash before and none behind. */
export function normalisePrefix(text: string): string {
  const inner = text.replace(/^\/+|\/+$/g, "");
  return inner === "" ? "" : `/${inner}`;
}
