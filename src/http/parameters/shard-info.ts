import type { ShardInfo } from "../../store/store.ts";
import { bad } from "./go-values.ts";

/** `shard_info`, JSON as Thanos's query frontend sends it; `undefined` where it is absent. */
export function parseShardInfo(text: string): ShardInfo | undefined {
  if (text === "") return undefined;
  const value = parseJson(text);
  if (value === null) return { shardIndex: 0, totalShards: 0, by: false, labels: [] };
  if (typeof value !== "object" || Array.isArray(value)) {
    throw unreadable(`json: cannot unmarshal ${kindOf(value)} into Go value of type storepb.ShardInfo`);
  }
  const fields = new Map(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field]));
  return {
    shardIndex: whole(fields.get("shard_index"), "shard_index"),
    totalShards: whole(fields.get("total_shards"), "total_shards"),
    by: flag(fields.get("by")),
    labels: strings(fields.get("labels")),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const position = /position (\d+)/.exec(String(error))?.[1];
    const at = position === undefined ? text.length : Number(position);
    if (at >= text.length) throw unreadable("unexpected end of JSON input");
    throw unreadable(`invalid character '${text[at]}' looking for beginning of value`);
  }
}

function whole(value: unknown, name: string): number {
  if (value === undefined || value === null) return 0;
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw wrongType(value, name, "int64");
  return value;
}

function flag(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== "boolean") throw wrongType(value, "by", "bool");
  return value;
}

function strings(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrongType(value, "labels", "[]string");
  return value.map((item: unknown) => {
    if (typeof item !== "string") throw wrongType(item, "labels", "string");
    return item;
  });
}

function wrongType(value: unknown, name: string, wants: string): Error {
  return unreadable(
    `json: cannot unmarshal ${kindOf(value)} into Go struct field ShardInfo.${name} of type ${wants}`,
  );
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "number" : `number ${value}`;
  return typeof value;
}

function unreadable(text: string): Error {
  return bad(`could not unmarshal parameter shard_info: ${text}`);
}
