import { parse } from "yaml";
import { GatewayError, messageOf } from "../../lib/errors.ts";
import { type Labels, sortLabels } from "../../model/labels.ts";

/**
 * `global.external_labels` of a Prometheus configuration; empty where it has none. Only the `global` section is read,
 * so nothing else in a configuration of any size or version can stand in the way. Throws GatewayError `internal`.
 */
export function parseExternalLabels(yaml: string): Labels {
  const section = globalSection(yaml);
  if (section === undefined) return [];
  let labels: unknown;
  try {
    // Every scalar is a text here: a label value 0123 or "no" stays as it is written.
    labels = property(property(parse(section, { schema: "failsafe" }), "global"), "external_labels");
  } catch (error) {
    throw new GatewayError("internal", `Cannot read the configuration of Prometheus: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (labels === undefined || labels === null || labels === "") return [];
  if (typeof labels !== "object") {
    throw new GatewayError("internal", "Cannot read the external labels of Prometheus: they are no mapping");
  }
  return sortLabels(Object.entries(labels).map(([name, value]) => ({ name, value: String(value) })));
}

/** Lines from `global:` up to the next key without indent. */
function globalSection(yaml: string): string | undefined {
  const start = /^global:/m.exec(yaml)?.index;
  if (start === undefined) return undefined;
  const rest = yaml.slice(start);
  const end = /\n[^\s#]/.exec(rest)?.index;
  return end === undefined ? rest : rest.slice(0, end + 1);
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
