import { GatewayError } from "../lib/errors.ts";
import { type Label, type Labels, sortLabels } from "../model/labels.ts";
import { type Flag, repeatedFlag } from "./flag.ts";

/** A repeated flag of labels written `name="quoted value"`, sorted; of equal names the last one counts. */
export function labelFlag(help: string): Flag<Labels> {
  return labelFlagOf(help, parseLabel);
}

/** The same for external labels: none is empty or the metric's name. */
export function externalLabelFlag(help: string): Flag<Labels> {
  return labelFlagOf(help, parseExternalLabel);
}

function labelFlagOf(help: string, parse: (text: string) => Label): Flag<Labels> {
  const flag = repeatedFlag({ help, placeholder: '<name>="<value>"' }, parse);
  return {
    ...flag,
    parse(texts) {
      const byName = new Map(flag.parse(texts).map((label) => [label.name, label]));
      return sortLabels([...byName.values()]);
    },
  };
}

function parseExternalLabel(text: string): Label {
  const label = parseLabel(text);
  if (label.name === "__name__") {
    throw new GatewayError("bad_data", "__name__ is the metric's name, wants another label name");
  }
  if (label.value === "") throw new GatewayError("bad_data", `label ${label.name} is empty, wants a value`);
  return label;
}

/** One label in Thanos's form, with its error texts. */
export function parseLabel(text: string): Label {
  const at = text.indexOf("=");
  if (at < 0) throw new GatewayError("bad_data", `unrecognized label ${JSON.stringify(text)}`);
  const name = text.slice(0, at);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new GatewayError("bad_data", `unsupported format for label ${text}`);
  }
  return { name, value: unquote(text.slice(at + 1)) };
}

/** A double-quoted or back-quoted Go string. */
function unquote(text: string): string {
  const raw = /^`([^`]*)`$/.exec(text)?.[1];
  if (raw !== undefined) return raw;
  const inner = /^"((?:[^"\\\n]|\\(?:[abfnrtv\\"]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}))*)"$/.exec(text)?.[1];
  if (inner === undefined) throw new GatewayError("bad_data", "unquote label value: invalid syntax");
  return inner.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)/g, (_, sequence: string) =>
    sequence.length > 1
      ? String.fromCharCode(Number.parseInt(sequence.slice(1), 16))
      : (escapes[sequence] ?? ""),
  );
}

const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
};
