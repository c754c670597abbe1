import { GatewayError, messageOf } from "../lib/errors.ts";
import { splitCommandLine } from "../runtime/command-arguments.ts";
import type { Flag, FlagTable, FlagValues } from "./flag.ts";
import { nearestName } from "./nearest-name.ts";
import { thanosFlagsNotBuilt } from "./thanos-flags.ts";

/** What a command line asked for. */
export type ParsedFlags<T extends FlagTable> =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | {
      readonly kind: "run";
      readonly values: FlagValues<T>;
      /** Every flag as text, defaults included, by name: what `/api/v1/status/flags` shows. */
      readonly texts: Readonly<Record<string, string>>;
    };

/**
 * Reads a command line as kingpin does: `--name=value`, `--name value`, `--name`, `--no-name`, repeats.
 * Throws GatewayError `bad_data` that names the flag.
 */
export function parseFlags<T extends FlagTable>(table: T, argv: readonly string[]): ParsedFlags<T> {
  const valued = Object.keys(table).filter((name) => table[name]?.kind === "value");
  const given = new Map<string, string[]>();
  for (const argument of splitCommandLine(argv, valued)) {
    if (argument.kind === "word")
      throw refusal(`unexpected ${JSON.stringify(argument.value)}, wants flags only`);
    if (argument.name === "help" || argument.name === "h") return { kind: "help" };
    if (argument.name === "version") return { kind: "version" };
    const { name, text } = readFlag(table, argument);
    const texts = given.get(name);
    if (texts === undefined) given.set(name, [text]);
    else texts.push(text);
  }
  return { kind: "run", ...valuesOf(table, given) };
}

function readFlag(
  table: FlagTable,
  argument: { readonly name: string; readonly value: string | undefined; readonly inline: boolean },
): { readonly name: string; readonly text: string } {
  const { name, value, inline } = argument;
  const flag = own(table, name);
  if (flag === undefined) return readNegated(table, name, value);
  if (flag.kind === "boolean") return { name, text: value ?? "true" };
  if (value === undefined || (!inline && value.startsWith("--"))) {
    throw refusal(`--${name} stands without its value, wants --${name}=${flag.placeholder}`);
  }
  return { name, text: value };
}

function readNegated(table: FlagTable, name: string, value: string | undefined) {
  const positive = name.startsWith("no-") ? name.slice(3) : undefined;
  if (positive !== undefined && own(table, positive)?.kind === "boolean" && value === undefined) {
    return { name: positive, text: "false" };
  }
  throw unknownFlag(table, name);
}

function unknownFlag(table: FlagTable, name: string): GatewayError {
  if (thanosFlagsNotBuilt.has(name.replace(/^no-/, ""))) {
    return refusal(
      `--${name} is a flag of Thanos that is not supported here yet, wants the command without it`,
    );
  }
  const visible = Object.keys(table).filter((candidate) => !table[candidate]?.hidden);
  const nearest = nearestName(name, visible);
  return refusal(`unknown flag --${name}${nearest === undefined ? "" : `, did you mean --${nearest}?`}`);
}

function valuesOf<T extends FlagTable>(
  table: T,
  given: ReadonlyMap<string, readonly string[]>,
): { readonly values: FlagValues<T>; readonly texts: Readonly<Record<string, string>> } {
  const values: Record<string, unknown> = {};
  const texts: Record<string, string> = {};
  for (const [name, flag] of Object.entries(table)) {
    const words = given.get(name) ?? flag.defaults;
    texts[name] = words.join(",");
    values[name] = parseValue(name, flag, words);
  }
  return { values: values as FlagValues<T>, texts }; // Every name of the table was set just above.
}

function parseValue<V>(name: string, flag: Flag<V>, words: readonly string[]): V {
  try {
    return flag.parse(words);
  } catch (error) {
    throw new GatewayError("bad_data", `Cannot read --${name}: ${messageOf(error)}`, { cause: error });
  }
}

function own(table: FlagTable, name: string): Flag<unknown> | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function refusal(text: string): GatewayError {
  return new GatewayError("bad_data", `Cannot read the command line: ${text}`);
}
