import { GatewayError } from "../lib/errors.ts";
import { parseDuration as parsePrometheusText } from "../model/duration.ts";
import { parseGoDuration } from "../model/go-duration.ts";

/** One flag of a command: how it is written, what it means, and how its texts become a value. */
export interface Flag<V> {
  /** A boolean takes no word after it and has a `--no-` form. */
  readonly kind: "boolean" | "value";
  /** Stands for the value in the help, e.g. `DURATION`. */
  readonly placeholder: string;
  readonly help: string;
  readonly hidden: boolean;
  readonly repeatable: boolean;
  /** Texts that count where the flag is not given; empty for "not set". */
  readonly defaults: readonly string[];
  /** Value of the texts in order. Throws GatewayError `bad_data` with a text that continues "Cannot read --NAME: ". */
  parse(texts: readonly string[]): V;
}

export type FlagTable = Readonly<Record<string, Flag<unknown>>>;

/** Values of a table's flags by name. */
export type FlagValues<T extends FlagTable> = {
  readonly [Name in keyof T]: T[Name] extends Flag<infer V> ? V : never;
};

export interface FlagOptions {
  readonly help: string;
  readonly default?: string;
  readonly placeholder?: string;
  readonly hidden?: boolean;
}

/** A flag with one value. Where it is given twice the last one counts; without default it is `undefined`. */
export function optionalFlag<V>(options: FlagOptions, parse: (text: string) => V): Flag<V | undefined> {
  return {
    ...describe(options, "value"),
    repeatable: false,
    parse: (texts) => (texts.length === 0 ? undefined : parse(texts.at(-1) ?? "")),
  };
}

/** The same, always with a value because there is a default. */
export function flagWith<V>(
  options: FlagOptions & { readonly default: string },
  parse: (text: string) => V,
): Flag<V> {
  return { ...describe(options, "value"), repeatable: false, parse: (texts) => parse(texts.at(-1) ?? "") };
}

/** A flag that may be given many times; every text gives one value. */
export function repeatedFlag<V>(options: FlagOptions, parse: (text: string) => V): Flag<readonly V[]> {
  return { ...describe(options, "value"), repeatable: true, parse: (texts) => texts.map(parse) };
}

/** A switch, off unless `default` is `true`; `--no-NAME` turns it off. */
export function booleanFlag(options: FlagOptions): Flag<boolean> {
  return {
    ...describe({ ...options, default: options.default ?? "false" }, "boolean"),
    repeatable: false,
    parse: (texts) => parseBoolean(texts.at(-1) ?? "false"),
  };
}

function describe(
  options: FlagOptions,
  kind: "boolean" | "value",
): Omit<Flag<never>, "parse" | "repeatable"> {
  return {
    kind,
    placeholder: options.placeholder ?? "VALUE",
    help: options.help,
    hidden: options.hidden ?? false,
    defaults: options.default === undefined ? [] : [options.default],
  };
}

/** For `parse` functions: a text that cannot be read, and what would do. */
export function unreadable(text: string, wants: string): GatewayError {
  return new GatewayError("bad_data", `${JSON.stringify(text)}, wants ${wants}`);
}

export function parseText(text: string): string {
  return text;
}

function parseBoolean(text: string): boolean {
  if (text === "true") return true;
  if (text === "false") return false;
  throw unreadable(text, "true or false");
}

/** Milliseconds of a duration in Go's or Prometheus's form; not negative. */
export function parseDuration(text: string): number {
  const ms = parseSignedDuration(text);
  if (ms < 0) throw unreadable(text, "a duration that is not negative");
  return ms;
}

/** The same with a sign, for times relative to now. */
export function parseSignedDuration(text: string): number {
  const ms = parsePrometheusDuration(text);
  if (ms === undefined) throw unreadable(text, "a duration like 500ms, 30s, 2m or 1h30m");
  return ms;
}

function parsePrometheusDuration(text: string): number | undefined {
  const ms = parseGoDuration(text);
  if (ms !== undefined) return ms;
  try {
    return text.startsWith("-") ? -parsePrometheusText(text.slice(1)) : parsePrometheusText(text);
  } catch {
    return undefined; // Its reason is in Prometheus's words; the flag's own are clearer.
  }
}

/** A whole number that is not negative. */
export function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(count)) throw unreadable(text, "a whole number that is not negative");
  return count;
}

/** One of a closed list of words. */
export function parseOneOf<const W extends string>(...words: readonly W[]): (text: string) => W {
  return (text) => {
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) throw unreadable(text, `one of ${words.join(", ")}`);
    return word;
  };
}

const sizeUnits: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Bytes of a size such as `512MiB`, `2GiB` or `1.5GB`; more than none. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(text);
  const unit = match === null ? undefined : sizeUnits[match[2] as string];
  const sizeBytes = unit === undefined ? 0 : Math.floor(Number(match?.[1]) * unit);
  if (sizeBytes <= 0 || !Number.isSafeInteger(sizeBytes))
    throw unreadable(text, "a size like 512MiB or 2GiB");
  return sizeBytes;
}

/** Words of one text, split at commas; empty ones are left out. */
export function splitAtCommas(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => text.split(",")).filter((word) => word !== "");
}
