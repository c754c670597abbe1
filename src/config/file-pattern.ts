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
  const source = last.replace(/\[[^\]]+\]|[^A-Za-z0-9_]/gu, (part) =>
    part.length > 2 ? part : (wildcards[part] ?? escaped(part)),
  );
  let expression: RegExp;
  try {
    expression = new RegExp(`^${source}$`, "s");
  } catch {
    return { folder, fits: (name) => name === last }; // A range the wrong way round fits itself only.
  }
  return { folder, fits: (name) => expression.test(name) };
}

const wildcards: Readonly<Record<string, string>> = { "*": ".*", "?": "." };

function escaped(part: string): string {
  return part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
