import type { ClusterOutcome } from "../../model/completeness.ts";
import { completenessJson } from "./completeness.ts";
import { type JsonWriter, quoteJson } from "./json-writer.ts";
import { writeStringArray } from "./label-object.ts";

const encoder = new TextEncoder();

/** What every successful answer starts with; `data` follows. */
export const successPrefix = '{"status":"success","data":';

/** Ends an answer: warnings, infos and what became of the clusters, where there are any, after the data. */
export function writeEnvelopeEnd(
  writer: JsonWriter,
  warnings: readonly string[],
  infos: readonly string[] = [],
  clusters: readonly ClusterOutcome[] = [],
): void {
  if (warnings.length > 0) {
    writer.raw(',"warnings":');
    writeStringArray(writer, warnings);
  }
  if (infos.length > 0) {
    writer.raw(',"infos":');
    writeStringArray(writer, infos);
  }
  if (clusters.length > 0) {
    writer.raw(',"completeness":');
    writer.rawBytes(completenessJson(clusters));
  }
  writer.raw("}");
}

/** The body of an error. */
export function errorBody(errorType: string, message: string): Uint8Array {
  return encoder.encode(
    `{"status":"error","errorType":${quoteJson(errorType, true)},"error":${quoteJson(message, true)}}`,
  );
}
