import { GatewayError } from "../lib/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Endpoint, EndpointInfo } from "../store/endpoint.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import { labelSetsText } from "./endpoint-connections.ts";
import {
  type EndpointPolicy,
  type EndpointState,
  isForgotten,
  isQueryable,
  nextState,
  unknownStore,
} from "./endpoint-state.ts";

export interface MemberOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** How long Info may take. */
  readonly infoTimeoutMs: number;
  /** How long calls in flight may go on once the member is dropped. */
  readonly graceMs: number;
}

/** One endpoint with what is known of it. */
export interface EndpointMember {
  readonly address: string;
  readonly policy: EndpointPolicy;
  readonly endpoint: Endpoint;
  /** Its `info()` is that of the last answer. */
  readonly store: Store;
  state(): EndpointState;
  info(): EndpointInfo;
  isQueryable(): boolean;
  isForgotten(): boolean;
  /** Asks Info once; a failure is a state, not an error. */
  ask(stop: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export function createMember(
  endpoint: Endpoint,
  policy: EndpointPolicy,
  options: MemberOptions,
): EndpointMember {
  const { clock, log } = options;
  const { address } = endpoint;
  let state: EndpointState = { kind: "dialing" };
  const info = () => (state.kind === "dialing" ? unknownStore : state.info);

  const answered = (answer: EndpointInfo) => {
    if (state.kind === "dialing") {
      const extLset = labelSetsText(answer.labelSets);
      log.info(`adding new ${answer.component} with ${[...answer.apis].join(", ")}`, { address, extLset });
    }
    state = nextState(state, { kind: "answered", info: answer }, clock.nowMs());
  };
  const failed = (error: GatewayError) => {
    state = nextState(state, { kind: "failed", error }, clock.nowMs());
    log.warn("update of endpoint failed", { address, err: error.message });
  };

  return {
    address,
    policy,
    endpoint,
    store: endpoint.store(info),
    state: () => state,
    info,
    isQueryable: () => isQueryable(state, policy),
    isForgotten: () => isForgotten(state, policy, clock.nowMs()),
    async ask(stop) {
      const limit = new AbortController();
      const stopTimer = clock.after(options.infoTimeoutMs, () => limit.abort(tooSlow()));
      try {
        answered(
          await endpoint.fetchInfo({
            signal: AbortSignal.any([stop, limit.signal]),
            deadlineMs: clock.nowMs() + options.infoTimeoutMs,
          }),
        );
      } catch (reason) {
        if (stop.aborted) return;
        failed(GatewayError.from(limit.signal.aborted ? limit.signal.reason : reason, "unavailable"));
      } finally {
        stopTimer();
      }
    },
    async close() {
      try {
        await endpoint.close(options.graceMs);
      } catch (error) {
        log.warn("closing of endpoint failed", { address, err: GatewayError.from(error).message });
      }
    },
  };
}

function tooSlow(): GatewayError {
  return new GatewayError("timeout", "rpc error: code = DeadlineExceeded desc = context deadline exceeded");
}
