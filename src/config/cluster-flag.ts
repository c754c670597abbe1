import { GatewayError, messageOf } from "../lib/errors.ts";
import { type Label, sortLabels } from "../model/labels.ts";
import { type ClusterConfig, clusterRules } from "./cluster-config.ts";
import { unreadable } from "./flag.ts";
import { parseLabel } from "./label-flag.ts";
import { nearestName } from "./nearest-name.ts";

const keys = ["name", "endpoint", "strict", "optional", "label"];
const wants = "name=…,endpoint=…[,endpoint=…][,strict][,optional][,label=<name>=<value>]";

/**
 * Reads `name=eu,endpoint=10.0.0.1:10901,strict,label=region=eu`; values with commas stand in double quotes. Throws GatewayError
 * `bad_data` with a text that continues "Cannot read --cluster: ".
 */
export function parseClusterFlag(text: string): ClusterConfig {
  const items = splitItems(text).map((item) => itemOf(item, text));
  const all = (key: string) => items.flatMap((item) => (item.key === key ? [item.value] : []));
  const [name, ...otherNames] = all("name");
  const endpoints = all("endpoint");
  if (name === undefined || otherNames.length > 0 || endpoints.length === 0) throw unreadable(text, wants);
  if (!clusterRules.isName(name)) throw unreadable(name, `a name of ${clusterRules.nameWants}`);
  endpoints.forEach((address, index) => {
    if (endpoints.indexOf(address) < index) throw unreadable(address, "each endpoint once");
    checkEndpoint(address);
  });
  const isStrict = all("strict").length > 0;
  const isOptional = all("optional").length > 0;
  if (isStrict && isOptional)
    throw new GatewayError("bad_data", `${text}: ${clusterRules.strictAndOptional}`);
  return {
    name,
    place: `--cluster name=${name}`,
    endpoints,
    tls: undefined,
    strict: isStrict,
    optional: isOptional,
    labels: sortLabels(labelsOfTexts(all("label"))),
    responseTimeoutMs: undefined,
  };
}

interface Item {
  readonly key: string;
  readonly value: string;
}

function itemOf(item: string, text: string): Item {
  const equals = item.indexOf("=");
  const key = equals < 0 ? item : item.slice(0, equals);
  if (!keys.includes(key)) {
    const meant = nearestName(key, keys);
    throw unreadable(key, meant === undefined ? wants : `${meant} perhaps, or in full ${wants}`);
  }
  const isSwitch = key === "strict" || key === "optional";
  if (isSwitch !== equals < 0) {
    throw isSwitch ? unreadable(item, `${key} alone`) : unreadable(text, `a value after ${key}`);
  }
  return { key, value: item.slice(equals + 1) };
}

/** At the commas outside of double quotes. */
function splitItems(text: string): readonly string[] {
  return text.match(/(?:"(?:[^"\\]|\\.)*"|[^,])+/g) ?? [];
}

function labelsOfTexts(texts: readonly string[]): readonly Label[] {
  const labels = new Map<string, Label>();
  for (const text of texts) {
    const label = labelOf(text);
    if (labels.has(label.name)) throw unreadable(text, "each label once");
    labels.set(label.name, label);
  }
  return [...labels.values()];
}

function labelOf(text: string): Label {
  const equals = text.indexOf("=");
  const name = text.slice(0, equals);
  const written = text.slice(equals + 1);
  if (equals < 0 || !clusterRules.isLabelName(name)) {
    throw unreadable(text, `a label, <name>=<value> with a name of ${clusterRules.labelNameWants}`);
  }
  const value = written.startsWith('"') ? parseLabel(text).value : written;
  if (value === "") throw unreadable(text, clusterRules.labelValueWants);
  return { name, value };
}

function checkEndpoint(address: string): void {
  try {
    clusterRules.checkEndpoint(address);
  } catch (error) {
    throw new GatewayError(
      "bad_data",
      `${JSON.stringify(address)}, wants ${clusterRules.endpointWants} (${messageOf(error)})`,
    );
  }
}
