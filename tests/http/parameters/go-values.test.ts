import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  parseApiDuration,
  parseGoBoolean,
  parseLimit,
  parseTime,
} from "../../../src/http/parameters/go-values.ts";
import { parseShardInfo } from "../../../src/http/parameters/shard-info.ts";
import { GatewayError } from "../../../src/lib/errors.ts";

const values = suite("parameter values");

for (const [text, timeMs] of [
  ["1793496200", 1_793_496_200_000],
  ["1793496200.5", 1_793_496_200_500],
  ["1793496200.0006", 1_793_496_200_001],
  ["-1", -1_000],
  ["-1.5", -1_500],
  ["1e3", 1_000_000],
  ["2026-11-01T01:23:20Z", Date.UTC(2026, 10, 1, 1, 23, 20)],
  ["2026-11-01T01:23:20.5+01:00", Date.UTC(2026, 10, 1, 0, 23, 20, 500)],
  ["2026-11-01T01:23:20.123456789-00:30", Date.UTC(2026, 10, 1, 1, 53, 20, 123)],
  ["NaN", -9_223_372_036_855],
  ["Inf", -9_223_372_036_855],
] as const) {
  values(`time ${text} is read as Go reads it`, () => assert.is(parseTime(text), timeMs));
}

for (const text of [
  "abc",
  "",
  "1e400",
  "2026-13-01T00:00:00Z",
  "2026-02-30T00:00:00Z",
  "2026-11-01",
  "1 ",
  "0x",
]) {
  values(`time ${JSON.stringify(text)} is refused with its text`, () => {
    fails(() => parseTime(text), `cannot parse ${JSON.stringify(text)} to a valid timestamp`);
  });
}

for (const [text, ms] of [
  ["1", 1_000],
  ["0.5", 500],
  ["1e-9", 1e-6],
  ["1m", 60_000],
  ["1h30m", 5_400_000],
  ["10ms", 10],
  ["-1", -1_000],
] as const) {
  values(`duration ${text} is read`, () => assert.is(parseApiDuration(text), ms));
}

values("durations that are none, or too long, are refused with their texts", () => {
  fails(() => parseApiDuration("abc"), 'cannot parse "abc" to a valid duration');
  fails(() => parseApiDuration("1e11"), 'cannot parse "1e11" to a valid duration. It overflows int64');
  fails(() => parseApiDuration("Inf"), 'cannot parse "Inf" to a valid duration. It overflows int64');
  assert.ok(parseApiDuration("NaN") < 0);
});

values("booleans and limits are Go's", () => {
  for (const text of ["1", "t", "T", "TRUE", "true", "True"]) assert.is(parseGoBoolean(text), true);
  for (const text of ["0", "f", "F", "FALSE", "false", "False"]) assert.is(parseGoBoolean(text), false);
  fails(() => parseGoBoolean("yes"), 'strconv.ParseBool: parsing "yes": invalid syntax');
  assert.is(parseLimit(""), 0);
  assert.is(parseLimit("+7"), 7);
  fails(() => parseLimit("x"), 'cannot parse "x" to a valid limit');
  fails(() => parseLimit("1.5"), 'cannot parse "1.5" to a valid limit');
  fails(() => parseLimit("-1"), "limit must be non-negative");
});

values("shard info is read, and refused in Go's words", () => {
  assert.equal(parseShardInfo('{"shard_index":1,"total_shards":2,"by":true,"labels":["pod"]}'), {
    shardIndex: 1,
    totalShards: 2,
    by: true,
    labels: ["pod"],
  });
  assert.is(parseShardInfo(""), undefined);
  fails(() => parseShardInfo("{"), "could not unmarshal parameter shard_info: unexpected end of JSON input");
  fails(
    () => parseShardInfo('{"shard_index":"x"}'),
    "could not unmarshal parameter shard_info: json: cannot unmarshal string into Go struct field ShardInfo.shard_index of type int64",
  );
});

function fails(run: () => unknown, message: string): void {
  assert.throws(run, (error: unknown) => error instanceof GatewayError && error.message === message);
}

values.run();
