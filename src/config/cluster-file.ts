import * as v from "valibot";
import { GatewayError, messageOf } from "../lib/errors.ts";
import { labelsOf } from "../model/labels.ts";
import {
  type ClusterConfig,
  type ClusterTlsConfig,
  clusterRules,
  type PlacedFile,
} from "./cluster-config.ts";
import { type ConfigDocument, type ConfigText, readConfigDocument } from "./config-document.ts";
import { parseDuration } from "./flag.ts";

const text = v.pipe(v.string(), v.minLength(1, "is empty, wants a text"));

/** A text that `parse` can read. */
function readable(parse: (value: string) => unknown, wants: string) {
  return v.pipe(
    v.string(),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      try {
        parse(dataset.value);
      } catch (error) {
        addIssue({ message: `is ${JSON.stringify(dataset.value)}, wants ${wants} (${messageOf(error)})` });
      }
    }),
  );
}

const nameSchema = v.pipe(
  v.string(),
  v.check(
    (name) => clusterRules.isName(name),
    ({ input }) => `is ${JSON.stringify(input)}, wants ${clusterRules.nameWants}`,
  ),
);
const versionSchema = v.pipe(
  v.union([v.string(), v.number()]), // Unquoted, 1.3 is a number.
  v.transform((version) => (typeof version === "number" ? version.toFixed(1) : version)),
  v.picklist(["1.0", "1.1", "1.2", "1.3"]),
);
const labelsSchema = v.pipe(
  v.unknown(),
  v.check((labels) => !Array.isArray(labels), "is a list, wants a mapping"),
  v.record(
    v.pipe(
      v.string(),
      v.check(clusterRules.isLabelName, `is no name for a label, wants ${clusterRules.labelNameWants}`),
    ),
    v.pipe(v.string(), v.minLength(1, `is empty, wants ${clusterRules.labelValueWants}`)),
  ),
);
const tlsSchema = v.strictObject({
  cert: v.optional(text),
  key: v.optional(text),
  ca: v.optional(text),
  serverName: v.optional(text),
  minVersion: v.optional(versionSchema, "1.3"),
  san: v.optional(
    v.lazy((input) =>
      Array.isArray(input)
        ? v.pipe(v.array(text), v.minLength(1, "is empty, wants at least one name"))
        : v.pipe(
            text,
            v.transform((one) => [one]),
          ),
    ),
  ),
});
const clusterSchema = v.strictObject({
  name: nameSchema,
  endpoints: v.pipe(
    v.array(readable(clusterRules.checkEndpoint, clusterRules.endpointWants)),
    v.minLength(1, `is empty, wants at least one ${clusterRules.endpointWants}`),
  ),
  tls: v.optional(v.lazy((input) => (input === false ? v.literal(false) : tlsSchema))),
  strict: v.optional(v.boolean(), false),
  optional: v.optional(v.boolean(), false),
  labels: v.optional(labelsSchema, {}),
  responseTimeout: v.optional(readable(parsePositiveDuration, "a duration above 0 such as 5s")),
});
const fileSchema = v.strictObject({ clusters: v.optional(v.array(clusterSchema), []) });

type FileDocument = ConfigDocument<v.InferOutput<typeof fileSchema>>;
type ClusterEntry = v.InferOutput<typeof clusterSchema>;
type TlsEntry = v.InferOutput<typeof tlsSchema>;

/**
 * Reads `clusters:` of the configuration file. Paths in it are relative to its folder. Throws GatewayError `bad_data` with the
 * text `FILE:LINE:COLUMN: what is wrong, wants what would do`.
 */
export function parseClusterFile(file: ConfigText): readonly ClusterConfig[] {
  const document = readConfigDocument(file, fileSchema, "a mapping with clusters");
  return document.value.clusters.map((entry, index) => clusterOf(document, entry, index, file.name));
}

function clusterOf(
  document: FileDocument,
  entry: ClusterEntry,
  index: number,
  fileName: string,
): ClusterConfig {
  const path = ["clusters", index];
  const twice = repeated(entry.endpoints);
  if (twice !== undefined) {
    const what = `clusters[${index}].endpoints[${twice}] is ${JSON.stringify(entry.endpoints[twice])} once more`;
    throw document.refuse([...path, "endpoints", twice], `${what}, wants each endpoint once`);
  }
  if (entry.strict && entry.optional)
    throw document.refuse([...path, "optional"], clusterRules.strictAndOptional);
  return {
    name: entry.name,
    place: document.placeOf([...path, "name"]),
    endpoints: entry.endpoints,
    tls: entry.tls === false ? "plain" : entry.tls && tlsOf(document, entry.tls, index, fileName),
    strict: entry.strict,
    optional: entry.optional,
    labels: labelsOf(entry.labels),
    responseTimeoutMs: entry.responseTimeout === undefined ? undefined : parseDuration(entry.responseTimeout),
  };
}

function tlsOf(document: FileDocument, tls: TlsEntry, index: number, fileName: string): ClusterTlsConfig {
  const path = ["clusters", index, "tls"];
  const [given, missing] = tls.cert === undefined ? (["key", "cert"] as const) : (["cert", "key"] as const);
  if (tls[given] !== undefined && tls[missing] === undefined) {
    const what = `clusters[${index}].tls.${given} stands alone, wants ${missing} too`;
    throw document.refuse([...path, given], what);
  }
  const placed = (key: "cert" | "key" | "ca"): PlacedFile | undefined => {
    const name = tls[key];
    if (name === undefined) return undefined;
    return {
      path: besides(fileName, name),
      place: document.placeOf([...path, key]),
      key: `clusters[${index}].tls.${key}`,
    };
  };
  return {
    cert: placed("cert"),
    key: placed("key"),
    ca: placed("ca"),
    serverName: tls.serverName,
    minVersion: tls.minVersion,
    san: tls.san ?? [],
  };
}

/** A path as seen from the folder of a file. */
function besides(fileName: string, path: string): string {
  if (/^([/\\]|[A-Za-z]:[/\\])/.test(path)) return path;
  return `${fileName.slice(0, fileName.lastIndexOf("/") + 1)}${path}`;
}

/** Index of the first item that was there before. */
function repeated(items: readonly string[]): number | undefined {
  const at = items.findIndex((item, index) => items.indexOf(item) < index);
  return at < 0 ? undefined : at;
}

function parsePositiveDuration(value: string): number {
  const ms = parseDuration(value);
  if (ms === 0) throw new GatewayError("bad_data", "it is no time at all");
  return ms;
}
