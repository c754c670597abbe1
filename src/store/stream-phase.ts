/**
 * Where a series stream failed, which chooses Thanos's words for it: before its first frame came about (`open`), after that
 * (`receive`), or because the store fell silent for longer than a response may take (`silent`: the error's text is whole already).
 */
export type StreamPhase = "open" | "receive" | "silent";

const phases = new WeakMap<object, StreamPhase>();

/** Notes the phase of a store's error, and returns the error. */
export function withStreamPhase<E extends Error>(error: E, phase: StreamPhase): E {
  phases.set(error, phase);
  return error;
}

/** `receive` where nothing was noted. */
export function streamPhaseOf(error: unknown): StreamPhase {
  return (typeof error === "object" && error !== null ? phases.get(error) : undefined) ?? "receive";
}
