import { GatewayError } from "../../lib/errors.ts";
import type { JsonValue } from "../../promql/syntax/expr-json.ts";
import { quoteJson } from "./json-writer.ts";

/** A value as Go's encoding/json writes it. Throws GatewayError `internal` for a number that JSON cannot hold. */
export function toGoJson(value: JsonValue): string {
  if (typeof value === "string") return quoteJson(value, true);
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new GatewayError("internal", `unsupported value: ${value}`);
  }
  if (value === null || typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(toGoJson).join(",")}]`;
  const members = Object.entries(value).map(
    ([name, member]) => `${quoteJson(name, true)}:${toGoJson(member)}`,
  );
  return `{${members.join(",")}}`;
}

function isList(value: readonly JsonValue[] | object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
