import type { AnnotationTexts } from "../../src/promql/annotations.ts";
import type { AnnotationsExpected, EvalCommand, TextMatch } from "./script.ts";

/** What is wrong about the annotations of an answer; undefined where they are as expected. */
export function annotationProblem(
  { warnings, infos }: AnnotationTexts,
  command: Pick<EvalCommand, "warnings" | "infos">,
): string | undefined {
  return problemOf("warning", command.warnings, warnings) ?? problemOf("info", command.infos, infos);
}

function problemOf(level: string, wanted: AnnotationsExpected, texts: readonly string[]): string | undefined {
  if (wanted === "any") return undefined;
  const missing = wanted.find((match) => !texts.some((text) => meets(text, match)));
  if (missing !== undefined) {
    return `wants the ${level} ${missing.message ?? missing.pattern ?? "of any text"}, got ${texts.join("; ") || "none"}`;
  }
  const surplus = texts.find((text) => !wanted.some((match) => meets(text, match)));
  return surplus === undefined ? undefined : `does not want the ${level} ${surplus}`;
}

/** Whether a text is what is expected. */
export function meets(text: string, { message, pattern }: TextMatch): boolean {
  if (message !== undefined) return message === text;
  return pattern === undefined || pattern.test(text);
}
