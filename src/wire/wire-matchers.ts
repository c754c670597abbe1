import { create } from "@bufbuild/protobuf";
import { GatewayError } from "../lib/errors.ts";
import type { Matcher, MatcherType } from "../model/matcher.ts";
import { type LabelMatcher, LabelMatcher_Type, LabelMatcherSchema } from "./gen/thanos/labels_pb.ts";

const types: readonly MatcherType[] = ["=", "!=", "=~", "!~"];

const wireTypes = {
  "=": LabelMatcher_Type.EQ,
  "!=": LabelMatcher_Type.NEQ,
  "=~": LabelMatcher_Type.RE,
  "!~": LabelMatcher_Type.NRE,
} as const satisfies Record<MatcherType, LabelMatcher_Type>;

/** Matchers as StoreAPI's messages. */
export function toWireMatchers(matchers: readonly Matcher[]): LabelMatcher[] {
  return matchers.map(({ type, name, value }) =>
    create(LabelMatcherSchema, { type: wireTypes[type], name, value }),
  );
}

/** StoreAPI's matchers; throws GatewayError `bad_data` for a type that does not exist, in Thanos's words. */
export function fromWireMatchers(
  matchers: readonly Pick<LabelMatcher, "type" | "name" | "value">[],
): Matcher[] {
  return matchers.map((matcher) => {
    const type = types[matcher.type];
    if (type === undefined) throw new GatewayError("bad_data", `unrecognized matcher type ${matcher.type}`);
    return { type, name: matcher.name, value: matcher.value };
  });
}
