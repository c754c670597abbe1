import { create, toBinary } from "@bufbuild/protobuf";
import type { Matcher, MatcherType } from "../model/matcher.ts";
import type { TimeRange } from "../model/time-range.ts";
import { ReadRequest_ResponseType, ReadRequestSchema } from "./gen/prometheus/remote_pb.ts";
import { LabelMatcher_Type } from "./gen/prometheus/types_pb.ts";
import { rangeToInt64 } from "./int64.ts";

/** One query of a remote read. */
export interface RemoteReadQuery {
  readonly range: TimeRange;
  readonly matchers: readonly Matcher[];
}

/** What Prometheus may answer with; the first that it knows is taken. */
export type RemoteReadAnswer = keyof typeof ReadRequest_ResponseType;

const matcherTypes = {
  "=": LabelMatcher_Type.EQ,
  "!=": LabelMatcher_Type.NEQ,
  "=~": LabelMatcher_Type.RE,
  "!~": LabelMatcher_Type.NRE,
} as const satisfies Record<MatcherType, LabelMatcher_Type>;

/** A ReadRequest of one query, before compression (`compressSnappy`). */
export function encodeReadRequest(query: RemoteReadQuery, accepted: readonly RemoteReadAnswer[]): Uint8Array {
  const { min, max } = rangeToInt64(query.range);
  const matchers = query.matchers.map(({ type, name, value }) => ({ type: matcherTypes[type], name, value }));
  return toBinary(
    ReadRequestSchema,
    create(ReadRequestSchema, {
      queries: [{ startTimestampMs: min, endTimestampMs: max, matchers }],
      acceptedResponseTypes: accepted.map((name) => ReadRequest_ResponseType[name]),
    }),
  );
}
