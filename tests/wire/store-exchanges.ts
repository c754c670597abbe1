import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** One recorded call of a Thanos store gateway. */
export interface Exchange {
  readonly name: string;
  readonly path: string;
  /** The request message. */
  readonly request: Uint8Array;
  /** gRPC frames. */
  readonly body: Uint8Array;
}

/** The recorded calls of one method, e.g. `/thanos.Store/Series`. */
export function exchangesOf(path: string): readonly Exchange[] {
  const file = new URL("./fixtures/store-exchanges.json.gz", import.meta.url);
  const rows: unknown = JSON.parse(gunzipSync(readFileSync(file)).toString("utf8"));
  if (!Array.isArray(rows)) throw new Error("no recordings");
  return rows
    .filter((row) => row.path === path)
    .map((row) => ({ name: row.name, path, request: fromBase64(row.request), body: fromBase64(row.body) }));
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
