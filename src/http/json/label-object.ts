import type { Labels } from "../../model/labels.ts";
import type { JsonWriter } from "./json-writer.ts";

/** A label set as a JSON object, in the set's order, which is by name. */
export function writeLabelObject(writer: JsonWriter, labels: Labels): void {
  writer.raw("{");
  let first = true;
  for (const { name, value } of labels) {
    if (!first) writer.raw(",");
    first = false;
    writer.string(name);
    writer.raw(":");
    writer.string(value);
  }
  writer.raw("}");
}

/** Strings as a JSON array in the spelling of Go's encoding/json. */
export function writeStringArray(writer: JsonWriter, texts: readonly string[]): void {
  writer.raw("[");
  texts.forEach((text, i) => {
    if (i > 0) writer.raw(",");
    writer.htmlSafeString(text);
  });
  writer.raw("]");
}
