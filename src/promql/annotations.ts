import type { Span } from "./syntax/ast.ts";
import { createSource, lineAndColumn } from "./syntax/source.ts";

/** Something that a query's answer should say about its numbers. The same text counts once, wherever it came from. */
export interface Annotation {
  readonly level: "warning" | "info";
  /** Upstream's text, without `PromQL warning: ` and without the position. */
  readonly text: string;
  /** What of the query it speaks of. */
  readonly span: Span;
  /** What says it, where that is more of the query than `span`: a call that speaks of its parameter. */
  readonly saidBy?: Span;
  /** What is gathered over all times that the text came up. */
  readonly detail?: AnnotationDetail;
}

/** Figures that annotations of the same text share. */
export interface AnnotationDetail {
  /** Both in one; `later` is of the same annotation. */
  join(later: AnnotationDetail): AnnotationDetail;
  /** What goes between the text and the position. */
  text(): string;
}

/** The annotations of one query. Follows Prometheus's util/annotations. */
export interface Annotations {
  add(annotation: Annotation): void;
  /** At most ten of each, then one line that counts the rest. */
  texts(): AnnotationTexts;
}

export interface AnnotationTexts {
  /** `PromQL warning: … (line:column)`. */
  readonly warnings: readonly string[];
  /** `PromQL info: … (line:column)`. */
  readonly infos: readonly string[];
}

const mostPerLevel = 10;

/** `query` is the text that spans point into. */
export function createAnnotations(query: string): Annotations {
  const byText = new Map<string, Annotation>();
  return {
    add(annotation) {
      const key = `${annotation.level}: ${annotation.text}`;
      const known = byText.get(key);
      byText.set(key, known === undefined ? annotation : joined(known, annotation));
    },
    texts() {
      const all = [...byText.values()];
      return { warnings: textsOf(all, "warning", query), infos: textsOf(all, "info", query) };
    },
  };
}

/**
 * One annotation of two with the same text. Upstream keeps the position that is evaluated last, children before parents
 * and left before right; operators here pull in another order, so the spans decide.
 */
function joined(known: Annotation, later: Annotation): Annotation {
  const { detail } = known;
  const both = detail === undefined || later.detail === undefined ? detail : detail.join(later.detail);
  // Figures stay with the position they were gathered under.
  if (both !== undefined) return { ...known, detail: both };
  return comesLater(later.saidBy ?? later.span, known.saidBy ?? known.span) ? later : known;
}

function comesLater(a: Span, b: Span): boolean {
  return a.end > b.end || (a.end === b.end && a.start <= b.start);
}

function textsOf(all: readonly Annotation[], level: Annotation["level"], query: string): readonly string[] {
  const source = createSource(query);
  const ofLevel = all.filter((annotation) => annotation.level === level);
  const texts = ofLevel
    .slice(0, mostPerLevel)
    .map(
      ({ text, span, detail }) =>
        `PromQL ${level}: ${text}${detail?.text() ?? ""}${query === "" ? "" : ` (${lineAndColumn(source, span.start)})`}`,
    );
  const skipped = ofLevel.length - texts.length;
  return skipped > 0 ? [...texts, `${skipped} more ${level} annotations omitted`] : texts;
}
