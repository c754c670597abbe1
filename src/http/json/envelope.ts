import { type JsonWriter, quoteJson } from "./json-writer.ts";
import { writeStringArray } from "./label-object.ts";

const encoder = new TextEncoder();

/** What every successful answer starts with; `data` follows. */
export const successPrefix = '{"status":"success","data":';

/** Ends an answer that `successPrefix` began: warnings and infos, where there are any, after the data. */
export function writeEnvelopeEnd(
  writer: JsonWriter,
  warnings: readonly string[],
  infos: readonly string[] = [],
): void {
  if (warnings.length > 0) {
    writer.raw(',"warnings":');
    writeStringArray(writer, warnings);
  }
  if (infos.length > 0) {
    writer.raw(',"infos":');
    writeStringArray(writer, infos);
  }
  writer.raw("}");
}

/** The body of an error. */
export function errorBody(errorType: string, message: string): Uint8Array {
  return encoder.encode(
    `{"status":"error","errorType":${quoteJson(errorType, true)},"error":${quoteJson(message, true)}}`,
  );
}
