import { messageOf } from "../../lib/errors.ts";
import type { Matcher } from "../../model/matcher.ts";
import { parseMetricSelector } from "../../promql/syntax/parse.ts";
import type { PartialResponse } from "../../store/store.ts";
import type { Form } from "./form.ts";
import { bad, parseGoBoolean, parseTime } from "./go-values.ts";

/** Runs `parse`; an error names the parameter as Thanos does, `'step' parameter: …`. */
export function named<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw bad(`'${name}' parameter: ${messageOf(error)}`, error);
  }
}

/** A boolean parameter, `fallback` where it is absent. */
export function readBoolean(form: Form, name: string, fallback: boolean): boolean {
  const text = form.first(name);
  return text === "" ? fallback : named(name, () => parseGoBoolean(text));
}

/** A time parameter, `fallback` where it is absent. */
export function readTime(form: Form, name: string, fallback: number): number {
  const text = form.first(name);
  if (text === "") return fallback;
  try {
    return parseTime(text);
  } catch (error) {
    throw bad(`Invalid time value for '${name}': ${messageOf(error)}`, error);
  }
}

/** `replicaLabels[]`, which take the flag's place where any is given. */
export function readReplicaLabels(form: Form, fallback: readonly string[]): readonly string[] {
  const given = form.all("replicaLabels[]");
  return given.length > 0 ? given : fallback;
}

/** `storeMatch[]`, one list of matchers for each. */
export function readStoreMatchers(form: Form): readonly (readonly Matcher[])[] {
  return form.all("storeMatch[]").map(parseMetricSelector);
}

/** `match[]`, one list of matchers for each. */
export function readMatchers(form: Form): readonly (readonly Matcher[])[] {
  return form.all("match[]").map(parseMetricSelector);
}

export function readPartialResponse(form: Form, fallback: boolean): PartialResponse {
  return readBoolean(form, "partial_response", fallback) ? "warn" : "abort";
}
