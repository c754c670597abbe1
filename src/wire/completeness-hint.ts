import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import type { ClusterOutcome, ClusterState } from "../model/completeness.ts";
import { CompletenessSchema, ClusterOutcome_State as State } from "./gen/sluice/completeness_pb.ts";
import { SeriesResponseSchema } from "./gen/thanos/store_pb.ts";
import { framePrefixSize, writeFramePrefix } from "./grpc-frames.ts";
import { fromInt64, toInt64 } from "./int64.ts";

const typeUrl = "types.googleapis.com/sluice.Completeness";

const states: readonly (readonly [ClusterState, State])[] = [
  ["complete", State.COMPLETE],
  ["partial", State.PARTIAL],
  ["missing", State.MISSING],
  ["excluded", State.EXCLUDED],
];

/** Outcomes as the hint of a StoreAPI answer. */
export function toCompletenessHint(outcomes: readonly ClusterOutcome[]): Any {
  const message = create(CompletenessSchema, {
    clusters: outcomes.map(({ cluster, state, reason, sinceMs }) => ({
      cluster,
      reason,
      state: states.find(([word]) => word === state)?.[1] ?? State.UNSPECIFIED,
      sinceMs: toInt64(sinceMs ?? 0),
    })),
  });
  return create(AnySchema, { typeUrl, value: toBinary(CompletenessSchema, message) });
}

/** The outcomes that a hint tells; `undefined` where it is another one. A state that is not known reads as `partial`. */
export function fromCompletenessHint(hint: Any | undefined): readonly ClusterOutcome[] | undefined {
  if (hint?.typeUrl !== typeUrl) return undefined;
  return fromBinary(CompletenessSchema, hint.value).clusters.map(({ cluster, state, reason, sinceMs }) => ({
    cluster,
    state: states.find(([, number]) => number === state)?.[0] ?? "partial",
    reason,
    sinceMs: sinceMs === 0n ? undefined : fromInt64(sinceMs),
  }));
}

/** As `fromCompletenessHint`, from the bytes of a google.protobuf.Any; `undefined` where they cannot be read. */
export function readCompletenessHint(bytes: Uint8Array): readonly ClusterOutcome[] | undefined {
  try {
    return fromCompletenessHint(fromBinary(AnySchema, bytes));
  } catch {
    return undefined; // Hints of others are none of our business, broken ones included.
  }
}

/** The gRPC frame of a SeriesResponse with the hint. */
export function encodeCompletenessFrame(outcomes: readonly ClusterOutcome[]): Uint8Array {
  const message = toBinary(
    SeriesResponseSchema,
    create(SeriesResponseSchema, { result: { case: "hints", value: toCompletenessHint(outcomes) } }),
  );
  const out = new Uint8Array(framePrefixSize + message.length);
  out.set(message, writeFramePrefix(out, 0, message.length));
  return out;
}
