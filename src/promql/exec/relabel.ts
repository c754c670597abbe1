import { GatewayError } from "../../lib/errors.ts";
import { compileRegex, type Regex } from "../../model/regex.ts";
import type { SeriesLabels } from "../../store/samples.ts";
import { maxValueLength, parseTemplate } from "../functions/expand-template.ts";
import type { Column, Operator } from "./operator.ts";
import { pullMapped } from "./pull.ts";
import { createRepeatGuard, sameLabelset } from "./repeats.ts";
import type { Run } from "./run.ts";
import { withLabel } from "./series-labels.ts";

/** The new value of the destination label; undefined leaves the series as it is. */
type NewValue = (labels: SeriesLabels) => string | undefined;

/**
 * label_replace and label_join. Label sets that become equal are an error where they share a step; elsewhere they repeat.
 */
function createRelabel(
  run: Run,
  input: Operator,
  target: { readonly destination: string; readonly newValue: NewValue },
): Operator {
  const { destination, newValue } = target;
  const guard = createRepeatGuard(run);
  const relabel = (column: Column): Column => {
    const value = newValue(column.labels);
    if (value !== undefined) {
      column.labels = labelsWith(column.labels, destination, value);
      if (destination === "__name__") column.dropName = false;
    }
    guard.add(column.labels.all(), column.present, sameLabelset);
    return column;
  };
  return {
    names: destination === "__name__" ? "many" : input.names,
    ordered: false,
    repeats: true,
    next: () => pullMapped(input, relabel),
  };
}

/** One label set or taken away; the rest is decoded when asked for. */
function labelsWith(labels: SeriesLabels, name: string, value: string): SeriesLabels {
  return {
    get: (wanted) => (wanted === name ? value : labels.get(wanted)),
    all: () => withLabel(labels.all(), name, value),
  };
}

function checkLength(length: number, call: string): void {
  if (length <= maxValueLength) return;
  throw new GatewayError(
    "execution",
    `label value of ${call}() is too long, wants at most ${maxValueLength} characters`,
  );
}

export interface LabelReplace {
  readonly destination: string;
  readonly replacement: string;
  readonly source: string;
  readonly pattern: string;
}

/** Throws GatewayError `execution` with upstream's texts. */
export function createLabelReplace(run: Run, input: Operator, options: LabelReplace): Operator {
  const { destination, source } = options;
  const regex = compilePattern(options.pattern);
  if (!isLabelName(destination)) {
    throw new GatewayError("execution", `invalid destination label name in label_replace(): ${destination}`);
  }
  const template = parseTemplate(options.replacement, regex.groupNames);
  const answers = createMemo((text: string) => {
    const groups = regex.groups(text);
    if (groups === undefined) return undefined;
    const made = template(groups);
    checkLength(made.length, "label_replace");
    return made;
  });
  return createRelabel(run, input, { destination, newValue: (labels) => answers(labels.get(source)) });
}

/** Any UTF-8 but nothing; bytes that are none were kept as lone surrogates. */
function isLabelName(name: string): boolean {
  return name !== "" && name.isWellFormed();
}

/** Source values repeat from series to series; what was computed for the last few thousand is kept. */
function createMemo(compute: (text: string) => string | undefined): (text: string) => string | undefined {
  const known = new Map<string, string | undefined>();
  return (text) => {
    if (known.has(text)) return known.get(text);
    if (known.size >= 4096) known.clear();
    const made = compute(text);
    known.set(text, made);
    return made;
  };
}

function compilePattern(pattern: string): Regex {
  try {
    return compileRegex(pattern);
  } catch (cause) {
    throw new GatewayError("execution", `invalid regular expression in label_replace(): ${pattern}`, {
      cause,
    });
  }
}

export interface LabelJoin {
  readonly destination: string;
  readonly separator: string;
  readonly sources: readonly string[];
}

/** Throws GatewayError `execution` with upstream's texts. */
export function createLabelJoin(run: Run, input: Operator, options: LabelJoin): Operator {
  const { destination, separator, sources } = options;
  for (const source of sources) {
    if (isLabelName(source)) continue;
    throw new GatewayError("execution", `invalid source label name in label_join(): ${source}`);
  }
  if (!isLabelName(destination)) {
    throw new GatewayError("execution", `invalid destination label name in label_join(): ${destination}`);
  }
  const newValue = (labels: SeriesLabels) => {
    const values = sources.map((source) => labels.get(source));
    const separators = separator.length * Math.max(0, values.length - 1);
    checkLength(
      values.reduce((length, value) => length + value.length, separators),
      "label_join",
    );
    return values.join(separator);
  };
  return createRelabel(run, input, { destination, newValue });
}
