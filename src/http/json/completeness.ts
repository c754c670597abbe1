import { type ClusterOutcome, summaryOf } from "../../model/completeness.ts";

const encoder = new TextEncoder();

/** The `completeness` member of an answer's body, in UTF-8. Times are RFC 3339. */
export function completenessJson(outcomes: readonly ClusterOutcome[]): Uint8Array {
  const { whole, expected } = summaryOf(outcomes);
  return encoder.encode(
    JSON.stringify({
      complete: whole,
      expected,
      clusters: outcomes.map(({ cluster, state, reason, sinceMs }) => ({
        name: cluster,
        state,
        ...(reason === "" ? {} : { reason }),
        ...(sinceMs === undefined ? {} : { since: new Date(sinceMs).toISOString() }),
      })),
    }),
  );
}

/** `Sluice-Completeness: 11/12` and, where any is missing or partial, `Sluice-Missing: eu-west`. */
export function completenessHeaders(outcomes: readonly ClusterOutcome[]): Readonly<Record<string, string>> {
  if (outcomes.length === 0) return {};
  const { whole, expected, lacking } = summaryOf(outcomes);
  return {
    [completenessHeader]: `${whole}/${expected}`,
    ...(lacking.length === 0
      ? {}
      : { [missingHeader]: lacking.map(({ cluster }) => headerSafe(cluster)).join(", ") }),
  };
}

export const completenessHeader = "Sluice-Completeness";
export const missingHeader = "Sluice-Missing";

/** Headers are ASCII; other characters of a name are escaped as in URLs. */
function headerSafe(name: string): string {
  return name.replace(/[^\x21-\x7e]|[,%]/gu, encodeURIComponent);
}
