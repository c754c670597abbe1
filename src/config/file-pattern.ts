import { GatewayError } from "../lib/errors.ts";

/** Path of a file of file_sd, with wildcards in its last part at most. Throws Prometheus's text where it is none. */
export function parseFilePattern(text: string): string {
  if (!/^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$/.test(text)) {
    throw new GatewayError(
      "bad_data",
      `path name ${JSON.stringify(text)} is not valid for file discovery, wants .json, .yml or .yaml at its end and wildcards after the last slash only`,
    );
  }
  return text;
}

/** The folder of a pattern, and what says whether a name in it fits (Go's filepath.Match). */
export function splitPattern(pattern: string): {
  readonly folder: string;
  readonly fits: (name: string) => boolean;
} {
  const slash = pattern.lastIndexOf("/");
  const folder = slash < 0 ? "." : slash === 0 ? "/" : pattern.slice(0, slash);
  const last = pattern.slice(slash + 1);
  const source = last
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".");
  let expression: RegExp;
  try {
    expression = new RegExp(`^${source}$`, "su");
  } catch {
    return { folder, fits: (name) => name === last }; // A bracket that is never closed fits itself only.
  }
  return { folder, fits: (name) => expression.test(name) };
}
