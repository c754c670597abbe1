import { type GenericSchema, safeParse } from "valibot";
import { isMap, isNode, LineCounter, parseDocument } from "yaml";
import { GatewayError, messageOf } from "../lib/errors.ts";
import { nearestName } from "./nearest-name.ts";

/** YAML or JSON, and what it is called in errors: the file's path, or the flag that holds it. */
export interface ConfigText {
  readonly name: string;
  readonly text: string;
}

type Path = readonly (string | number)[];

/** A document that is what its schema says, with the places of its parts. */
export interface ConfigDocument<T> {
  readonly value: T;
  /** GatewayError `bad_data` with the text `FILE:LINE:COLUMN: what`, for what a schema cannot check. */
  refuse(path: Path, what: string): GatewayError;
  /** `FILE:LINE:COLUMN` of a part. */
  placeOf(path: Path): string;
}

/**
 * Reads a document. Throws GatewayError `bad_data` with the text `FILE:LINE:COLUMN: what is wrong, wants what would do`.
 * `wants` says what the whole is to be, for an empty document.
 */
export function readConfigDocument<T>(
  { name, text }: ConfigText,
  schema: GenericSchema<unknown, T>,
  wants: string,
): ConfigDocument<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const placeOf = (path: Path) => at(offsetOf(document.contents, path));
  const refuse = (path: Path, what: string) => new GatewayError("bad_data", `${placeOf(path)}: ${what}`);
  const [syntax] = document.errors;
  if (syntax !== undefined) {
    const [first] = syntax.message.split("\n");
    throw new GatewayError("bad_data", `${at(syntax.pos[0])}: ${first}, wants YAML or JSON`);
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    throw new GatewayError("bad_data", `${at(0)}: ${messageOf(error)}`, { cause: error });
  }
  if (value === null || value === undefined) {
    throw new GatewayError("bad_data", `${at(0)}: it is empty, wants ${wants}`);
  }
  const parsed = safeParse(schema, value);
  if (parsed.success) return { value: parsed.output, refuse, placeOf };
  // A key that is missing is most often one that is misspelt.
  const misspelt = parsed.issues.find(
    (one) => isUnknownKey(one) && !/^\d+$/.test(String(one.path?.at(-1)?.key)),
  );
  const issue = misspelt ?? parsed.issues[0];
  const path = (issue.path ?? []).map(({ key }) => (typeof key === "number" ? key : String(key)));
  throw refuse(
    path,
    issueText(path, issue, () => keysAt(schema, path.slice(0, -1))),
  );
}

interface Issue {
  readonly kind: string;
  readonly type: string;
  readonly expected: string | null;
  readonly received: string;
  readonly message: string;
}

function isUnknownKey({ type, expected }: Pick<Issue, "type" | "expected">): boolean {
  return type === "strict_object" && expected === "never";
}

const words: Readonly<Record<string, string>> = {
  Object: "a mapping",
  Array: "a list",
  string: "a text",
  boolean: "true or false",
  number: "a number",
};

function issueText(
  path: Path,
  { kind, type, expected, received, message }: Issue,
  knownKeys: () => readonly string[],
): string {
  const what = pathText(path);
  if (isUnknownKey({ type, expected })) {
    const keys = knownKeys();
    const meant = nearestName(String(path.at(-1)), keys);
    if (meant !== undefined) return `${what} is not known here, did you mean ${meant}?`;
    return `${what} is not known here${keys.length > 0 ? `, wants one of ${keys.join(", ")}` : ""}`;
  }
  if (type === "strict_object" && received === "undefined") return `${what} is missing`;
  if (kind === "validation") return `${what} ${message}`;
  const wanted = (expected ?? message).replace(/^\((.*)\)$/, "$1").split(" | ");
  const wants = wanted.map((word) => words[word] ?? word).join(" or ");
  return received === "undefined"
    ? `${what} is missing, wants ${wants}`
    : `${what} is ${words[received] ?? received}, wants ${wants}`;
}

/** The keys that the schema knows at `path`; none where it does not tell. */
function keysAt(schema: unknown, path: Path): readonly string[] {
  let at = unwrapped(schema);
  for (const key of path)
    at = unwrapped(typeof key === "number" ? partOf(at, "item") : partOf(partOf(at, "entries"), key));
  const entries = partOf(at, "entries");
  return typeof entries === "object" && entries !== null ? Object.keys(entries) : [];
}

/** A schema without what makes it optional or lazy. */
function unwrapped(schema: unknown): unknown {
  let at = schema;
  for (;;) {
    const getter = partOf(at, "getter");
    const inner = typeof getter === "function" ? getter({}) : partOf(at, "wrapped");
    if (inner === undefined) return at;
    at = inner;
  }
}

function partOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;
}

/** `endpoints[0].address`; `it` for the whole. */
function pathText(path: Path): string {
  if (path.length === 0) return "it";
  return path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`))
    .join("")
    .replace(/^\./, "");
}

/** Where the part at `path` begins, or the nearest part around it that is there. */
function offsetOf(root: unknown, path: Path): number {
  let node = root;
  let offset = startOf(root) ?? 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => String(item.key) === String(key));
      if (pair === undefined) break;
      offset = startOf(pair.value) ?? startOf(pair.key) ?? offset;
      // A key that nobody knows is the thing to look at, not its value.
      if (key === path.at(-1)) offset = startOf(pair.key) ?? offset;
      node = pair.value;
      continue;
    }
    node = hasItems(node) ? node.items[Number(key)] : undefined;
    const start = startOf(node);
    if (start === undefined) break;
    offset = start;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function hasItems(node: unknown): node is { readonly items: readonly unknown[] } {
  return typeof node === "object" && node !== null && "items" in node && Array.isArray(node.items);
}
