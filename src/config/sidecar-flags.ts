import { flagWith, optionalFlag, parseDuration, parseSignedDuration, parseText, unreadable } from "./flag.ts";
import { externalLabelFlag } from "./label-flag.ts";
import { serverFlags } from "./server-flags.ts";

/** What `sluice sidecar` says of itself. */
export const sidecarAbout =
  "Serves one Prometheus as StoreAPI with its external labels. Reads only: it needs no disk and no admin API.";

/** A point in time, fixed or relative to now. */
export type RelativeTime =
  | { readonly kind: "at"; readonly timeMs: number }
  | { readonly kind: "fromNow"; readonly offsetMs: number };

/** Flags of `sluice sidecar`, named and defaulted as in `thanos sidecar`; `label` is our own. */
export const sidecarFlags = {
  ...serverFlags,
  "prometheus.url": flagWith(
    {
      help: "Where Prometheus's HTTP API is, with its path where it has one.",
      default: "http://localhost:9090",
      placeholder: "URL",
    },
    parseText,
  ),
  "prometheus.http-client-file": optionalFlag(
    {
      help: "YAML file on how to reach Prometheus: basic_auth, bearer_token or bearer_token_file, tls_config.",
      placeholder: "FILE",
    },
    parseText,
  ),
  "prometheus.http-client": optionalFlag(
    { help: "The content of such a file instead.", placeholder: "YAML" },
    parseText,
  ),
  "prometheus.get_config_interval": flagWith(
    {
      help: "How often Prometheus is asked for its external labels.",
      default: "30s",
      placeholder: "DURATION",
    },
    parseDuration,
  ),
  "prometheus.get_config_timeout": flagWith(
    { help: "Time for Prometheus to answer that.", default: "30s", placeholder: "DURATION" },
    parseDuration,
  ),
  "prometheus.ready_timeout": flagWith(
    {
      help: "Taken for Thanos's sake: nothing here waits for Prometheus at start.",
      default: "10m",
      placeholder: "DURATION",
      hidden: true,
    },
    parseDuration,
  ),
  "min-time": flagWith(
    {
      help: "Oldest time to answer for: RFC 3339, or a duration back from now such as -2h.",
      default: "0000-01-01T00:00:00Z",
      placeholder: "TIME",
    },
    parseRelativeTime,
  ),
  label: externalLabelFlag(
    "External label to answer with instead of Prometheus's own, for a Prometheus that has none or whose configuration may not be read. Give it once for each label.",
  ),
};

function parseRelativeTime(text: string): RelativeTime {
  if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/i.test(text)) {
    const timeMs = Date.parse(text);
    if (!Number.isNaN(timeMs)) return { kind: "at", timeMs };
  }
  if (/^[+-]?[\d.]/.test(text) && !text.includes("T")) {
    return { kind: "fromNow", offsetMs: parseSignedDuration(text) };
  }
  throw unreadable(text, "a time like 2026-01-31T12:00:00Z or a duration like -2h");
}

/** The time meant at `nowMs`, Unix milliseconds. */
export function resolveTime(time: RelativeTime, nowMs: number): number {
  return time.kind === "at" ? time.timeMs : nowMs + time.offsetMs;
}
