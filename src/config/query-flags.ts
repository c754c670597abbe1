import { parseListenAddress, parseLoopbackAddress } from "./address.ts";
import { clusterFlags } from "./cluster-flags.ts";
import { discoveryFlags } from "./discovery-flags.ts";
import {
  booleanFlag,
  flagWith,
  optionalFlag,
  parseCount,
  parseDuration,
  parseOneOf,
  parseText,
  repeatedFlag,
  unreadable,
} from "./flag.ts";
import { labelFlag } from "./label-flag.ts";
import { clientTlsFlags, serverFlags } from "./server-flags.ts";

/** What `sluice query` says of itself. */
export const queryAbout =
  "Answers PromQL over many Prometheus servers, sidecars and Thanos components as if they were one, deduplicates replicas, and serves them on as StoreAPI.";

/** Flags of `sluice query`, named and defaulted as in `thanos query`. */
export const queryFlags = {
  ...serverFlags,
  ...clientTlsFlags,
  ...clusterFlags,
  ...discoveryFlags,
  "endpoint.info-timeout": flagWith(
    { help: "Time for an endpoint to answer Info.", default: "5s", placeholder: "DURATION", hidden: true },
    parseDuration,
  ),
  "store.unhealthy-timeout": flagWith(
    {
      help: "How long an endpoint that stopped answering is still shown.",
      default: "5m",
      placeholder: "DURATION",
    },
    parseDuration,
  ),
  "store.response-timeout": flagWith(
    {
      help: "Time that a store may be silent within an answer before it counts as failed, 0 for any.",
      default: "0ms",
      placeholder: "DURATION",
    },
    parseDuration,
  ),
  "query.timeout": flagWith(
    { help: "Time for one query.", default: "2m", placeholder: "DURATION" },
    parseDuration,
  ),
  "query.max-concurrent": flagWith(
    { help: "Queries that run at a time; others wait.", default: "20", placeholder: "COUNT" },
    parsePositive,
  ),
  "query.max-concurrent-select": flagWith(
    {
      help: "Selects of one query that open their streams at a time; once open, all are read side by side.",
      default: "4",
      placeholder: "COUNT",
    },
    parsePositive,
  ),
  "query.max-samples": flagWith(
    { help: "Samples that one query may hold at a time.", default: "50000000", placeholder: "COUNT" },
    parsePositive,
  ),
  "query.lookback-delta": optionalFlag(
    {
      help: "How far back an instant selector looks for a sample; 5m without it.",
      placeholder: "DURATION",
    },
    parseSpan,
  ),
  "query.default-evaluation-interval": flagWith(
    { help: "Step of subqueries that name none.", default: "1m", placeholder: "DURATION" },
    parseSpan,
  ),
  "query.default-step": flagWith(
    { help: "Smallest step of range queries that name none.", default: "1s", placeholder: "DURATION" },
    parseSpan,
  ),
  "query.replica-label": repeatedFlag(
    {
      help: "Label that tells replicas apart; series that differ in nothing else are one. Repeat it or use commas.",
      placeholder: "NAME",
    },
    parseText,
  ),
  "deduplication.func": flagWith(
    {
      help: "How replicas become one series: penalty picks one at a time, chain joins them.",
      default: "penalty",
      placeholder: "NAME",
    },
    parseOneOf("penalty", "chain"),
  ),
  "query.partial-response": booleanFlag({
    help: "Answer without stores that fail, with a warning, where a request does not say otherwise.",
    default: "true",
  }),
  "query.metadata.default-time-range": flagWith(
    {
      help: "How far back label and series calls look that name no start, 0 for all time.",
      default: "0s",
      placeholder: "DURATION",
    },
    parseDuration,
  ),
  "query.enable-x-functions": booleanFlag({
    help: "Let queries call xrate, xincrease and xdelta, which take the sample before a range for its start.",
  }),
  "enable-feature": repeatedFlag(
    {
      help: "Feature of PromQL to switch on: promql-experimental-functions, promql-extended-range-selectors, promql-binop-fill-modifiers, promql-delayed-name-removal or type-and-unit-labels. Repeat it or use commas.",
      placeholder: "NAME",
    },
    parseText,
  ),
  "selector-label": labelFlag("Label that the gateway advertises as its own, for gateways above it."),
  "store.limits.request-series": flagWith(
    { help: "Series of one StoreAPI request at most, 0 for any.", default: "0", placeholder: "COUNT" },
    parseCount,
  ),
  "store.limits.request-samples": flagWith(
    { help: "Samples of one StoreAPI request at most, 0 for any.", default: "0", placeholder: "COUNT" },
    parseCount,
  ),
  "web.route-prefix": optionalFlag(
    { help: "Path before every route; --web.external-prefix without it.", placeholder: "PATH" },
    parseText,
  ),
  "web.external-prefix": flagWith(
    { help: "Path under which others reach this server.", default: "", placeholder: "PATH" },
    parseText,
  ),
  "web.disable-cors": booleanFlag({
    help: "Leave out the headers that let pages of other origins read answers.",
  }),
  "admin-address": optionalFlag(
    {
      help: "Where running queries are listed and ended (/api/v1/status/queries); loopback where no host is named. Nowhere without it.",
      placeholder: "[HOST]:PORT",
    },
    parseLoopbackAddress,
  ),
  "http.admin": booleanFlag({
    help: "Let everybody who reaches the HTTP port list and end running queries too.",
  }),
  "ready.min-clusters": flagWith(
    {
      help: "Expected clusters that must be up for /-/ready, or all where there are fewer.",
      default: "1",
      placeholder: "COUNT",
    },
    parseCount,
  ),
  "ready.required-cluster": repeatedFlag(
    { help: "Cluster that must be up for /-/ready. Give it once for each.", placeholder: "NAME" },
    parseText,
  ),
  "ready.hold": flagWith(
    {
      help: "How long clusters must be missed before /-/ready says so, lest one that flaps turn a failover.",
      default: "30s",
      placeholder: "DURATION",
    },
    parseDuration,
  ),
  "health-address": optionalFlag(
    {
      help: "A listener of its own for /-/healthy and /-/ready, without data, for load balancers and failover records.",
      placeholder: "HOST:PORT",
    },
    parseListenAddress,
  ),
  "http.store-api": booleanFlag({
    help: "Serve StoreAPI to Connect and gRPC-Web callers on the HTTP port too, which asks for no client certificate.",
  }),
};

function parsePositive(text: string): number {
  const count = parseCount(text);
  if (count === 0) throw unreadable(text, "a whole number above 0");
  return count;
}

/** A duration above zero. */
function parseSpan(text: string): number {
  const ms = parseDuration(text);
  if (ms === 0) throw unreadable(text, "a duration above 0");
  return ms;
}
