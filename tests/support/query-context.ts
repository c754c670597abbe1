import type { QueryContext } from "../../src/store/store.ts";

/** A context that never ends and counts nothing; warnings are kept in `warnings`. */
export function createTestContext(): QueryContext & { readonly warnings: readonly string[] } {
  const warnings = new Set<string>();
  return {
    signal: new AbortController().signal,
    deadlineMs: undefined,
    warn: (message) => void warnings.add(message),
    get warnings() {
      return [...warnings];
    },
    metadata: {},
    memory: { take: () => undefined, give: () => undefined },
  };
}
