import type { Annotation } from "../annotations.ts";
import type { Run } from "./run.ts";

/** What a binary operation has to say of its steps: the last word of a step counts, as upstream has it. */
export interface StepNotes {
  /** `note` tells apart at most 255 annotations, from 1 on. */
  add(step: number, note: number): void;
  /** Annotates what was added; once, after the last series. */
  tell(): void;
}

/** `annotationOf` makes the annotation of a note. */
export function createStepNotes(
  run: Run,
  steps: number,
  annotationOf: (note: number) => Annotation,
): StepNotes {
  let notes: Uint8Array | undefined;
  return {
    add(step, note) {
      notes ??= new Uint8Array(steps);
      notes[step] = note;
    },
    tell() {
      if (notes === undefined) return;
      for (const note of new Set(notes)) if (note !== 0) run.annotate(annotationOf(note));
      notes = undefined;
    },
  };
}
