import { setFlagsFromString } from "node:v8";

/**
 * Lets the heap grow further between collections. Every read of a socket makes a buffer outside the heap, which V8 counts
 * against a limit that follows the heap's size: with a small heap and a fast stream it marks everything fifty times a second.
 * Call it once, at the start of the process.
 */
export function tuneGarbageCollector(): void {
  setFlagsFromString("--heap-growing-percent=400");
}
