import type { GatewayError } from "../lib/errors.ts";
import { allTime } from "../model/time-range.ts";
import type { EndpointInfo } from "../store/endpoint.ts";

/**
 * What is known of one endpoint (Thanos's endpointset.go).
 *
 *   dialing ──Info ok──► ready ◄──Info ok── failing
 *      │                   └───Info fails───►  │ last good answer kept
 *      └─Info fails: forgotten, or, where strict, failing without an answer
 */
export type EndpointState =
  | { readonly kind: "dialing" }
  | {
      readonly kind: "ready";
      readonly lastCheckMs: number;
      readonly info: EndpointInfo;
    }
  | {
      readonly kind: "failing";
      /** The last time that Info was answered; `undefined` for never. */
      readonly lastCheckMs: number | undefined;
      readonly error: GatewayError;
      /** As last answered, or as of a store that covers all time. */
      readonly info: EndpointInfo;
    };

export type EndpointEvent =
  | { readonly kind: "answered"; readonly info: EndpointInfo }
  | { readonly kind: "failed"; readonly error: GatewayError };

export interface EndpointPolicy {
  /** Named with `--endpoint-strict`: always there, always asked. */
  readonly strict: boolean;
  /** How long an endpoint may fail before it is forgotten. */
  readonly unhealthyTimeoutMs: number;
}

/** The state after an answer of Info or its failure. */
export function nextState(state: EndpointState, event: EndpointEvent, nowMs: number): EndpointState {
  if (event.kind === "answered") return { kind: "ready", lastCheckMs: nowMs, info: event.info };
  return {
    kind: "failing",
    lastCheckMs: state.kind === "dialing" ? undefined : state.lastCheckMs,
    error: event.error,
    info: state.kind === "dialing" ? unknownStore : state.info,
  };
}

/** Whether queries go to it. */
export function isQueryable(state: EndpointState, { strict }: EndpointPolicy): boolean {
  return state.kind === "ready" || (strict && state.kind === "failing");
}

/** Whether it is to be dropped: it never answered, or not for too long. */
export function isForgotten(state: EndpointState, policy: EndpointPolicy, nowMs: number): boolean {
  if (policy.strict || state.kind !== "failing") return false;
  if (state.lastCheckMs === undefined) return true;
  return nowMs - state.lastCheckMs >= policy.unhealthyTimeoutMs;
}

/** What a strict endpoint is taken for before its first answer. */
export const unknownStore: EndpointInfo = {
  labelSets: [],
  timeRange: allTime,
  component: "",
  supportsSharding: false,
  supportsWithoutReplicaLabels: false,
  tsdbInfos: [],
  apis: new Set(["store"]),
};
