import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../src/lib/errors.ts";
import { labelsOf } from "../../src/model/labels.ts";
import { allTime } from "../../src/model/time-range.ts";
import { InfoResponseSchema } from "../../src/wire/gen/thanos/info/info_pb.ts";
import {
  LabelNamesRequestSchema,
  LabelNamesResponseSchema,
  LabelValuesRequestSchema,
  LabelValuesResponseSchema,
  SeriesRequestSchema,
} from "../../src/wire/gen/thanos/store_pb.ts";
import { createDeframer } from "../../src/wire/grpc-frames.ts";
import { fromInfoMessage, toInfoMessage, type WireInfo } from "../../src/wire/info-response.ts";
import { fromInt64, toInt64 } from "../../src/wire/int64.ts";
import {
  fromLabelNamesAnswer,
  fromLabelNamesMessage,
  fromLabelValuesAnswer,
  fromLabelValuesMessage,
  toLabelNamesAnswer,
  toLabelNamesMessage,
  toLabelValuesAnswer,
  toLabelValuesMessage,
} from "../../src/wire/label-request.ts";
import {
  decodeSeriesRequest,
  encodeSeriesRequest,
  type WireSeriesRequest,
} from "../../src/wire/series-request.ts";
import { exchangesOf } from "./store-exchanges.ts";

const requests = suite("store requests and answers");

const full: WireSeriesRequest = {
  range: { minMs: Number.NEGATIVE_INFINITY, maxMs: 1_600_000_000_123 },
  matchers: [
    { type: "=", name: "a", value: "1" },
    { type: "!=", name: "b", value: "" },
    { type: "=~", name: "ü", value: ".*" },
    { type: "!~", name: "d", value: "x|y" },
  ],
  withoutReplicaLabels: ["replica", "rule_replica"],
  partialResponse: "abort",
  skipChunks: true,
  limit: 17,
  maxResolutionMs: 300_000,
  aggregates: ["COUNT", "SUM", "COUNTER"],
  shard: { shardIndex: 1, totalShards: 3, by: true, labels: ["pod"] },
  responseBatchSize: 64,
  queryHints: {
    stepMs: 15_000,
    func: "rate",
    grouping: { by: false, labels: ["le"] },
    rangeMs: 300_000,
    projectionLabels: ["x"],
    projectionInclude: true,
    seriesHashLabelName: "__cf_series_hash__",
  },
};

const bare: WireSeriesRequest = {
  ...full,
  range: { minMs: -5, maxMs: Number.POSITIVE_INFINITY },
  partialResponse: "warn",
  shard: undefined,
  queryHints: undefined,
  aggregates: [],
  matchers: [],
};

requests("for series survive the wire", () => {
  for (const request of [full, bare])
    assert.equal(decodeSeriesRequest(encodeSeriesRequest(request)), request);
});

requests("for series that a client sent come out as it sent them", () => {
  for (const { name, request } of exchangesOf("/thanos.Store/Series")) {
    assert.equal([...encodeSeriesRequest(decodeSeriesRequest(request))], [...request], name);
  }
});

requests("for series keep times of half a millisecond inside the range", () => {
  const { range } = decodeSeriesRequest(encodeSeriesRequest({ ...bare, range: { minMs: 0.5, maxMs: 9.5 } }));
  assert.equal(range, { minMs: 1, maxMs: 9 });
});

requests("with the older flag for partial response mean the same", () => {
  const bytes = toBinary(SeriesRequestSchema, create(SeriesRequestSchema, { partialResponseDisabled: true }));
  assert.is(decodeSeriesRequest(bytes).partialResponse, "abort");
});

requests("with a matcher of no known type or broken bytes are bad data", () => {
  const message = create(SeriesRequestSchema, { matchers: [{ type: 7 as 0, name: "a", value: "b" }] });
  for (const [bytes, text] of [
    [toBinary(SeriesRequestSchema, message), /^unrecognized matcher type 7$/],
    [Uint8Array.of(0x1a, 9), /./],
  ] as const) {
    assert.throws(
      () => decodeSeriesRequest(bytes),
      (error: unknown) =>
        error instanceof GatewayError && error.code === "bad_data" && text.test(error.message),
    );
  }
});

requests("for labels survive the wire", () => {
  const { range, matchers, withoutReplicaLabels, limit } = full;
  for (const partialResponse of ["warn", "abort"] as const) {
    const names = { range, matchers, withoutReplicaLabels, limit, partialResponse };
    const namesBytes = toBinary(LabelNamesRequestSchema, toLabelNamesMessage(names));
    assert.equal(fromLabelNamesMessage(fromBinary(LabelNamesRequestSchema, namesBytes)), names);
    const values = { ...names, label: "job" };
    const valuesBytes = toBinary(LabelValuesRequestSchema, toLabelValuesMessage(values));
    assert.equal(fromLabelValuesMessage(fromBinary(LabelValuesRequestSchema, valuesBytes)), values);
  }
});

function messageOf(body: Uint8Array): Uint8Array {
  const out: Uint8Array[] = [];
  createDeframer({ limitBytes: 1 << 20 }).push(body, out);
  return out[0] as Uint8Array;
}

requests("of labels are answered as a Thanos store gateway does", () => {
  const names = fromLabelNamesAnswer(
    fromBinary(
      LabelNamesResponseSchema,
      messageOf((exchangesOf("/thanos.Store/LabelNames")[0] as { body: Uint8Array }).body),
    ),
  );
  assert.ok(names.values.includes("__name__") && names.values.includes("cluster"));
  for (const { body } of exchangesOf("/thanos.Store/LabelValues")) {
    const values = fromLabelValuesAnswer(fromBinary(LabelValuesResponseSchema, messageOf(body)));
    assert.equal(fromLabelValuesAnswer(toLabelValuesAnswer(values)), values);
  }
  const cluster = { cluster: "eu", state: "missing", reason: "gone", sinceMs: 17 } as const;
  const answer = { values: ["a", "b"], warnings: ["w"], clusters: [cluster] };
  assert.equal(fromLabelNamesAnswer(toLabelNamesAnswer(answer)), answer);
});

const info: WireInfo = {
  labelSets: [labelsOf({ cluster: "a", replica: "0" }), labelsOf({ cluster: "b" })],
  component: "query",
  apis: new Set(["store", "rules", "metadata", "targets", "exemplars", "query", "status"]),
  timeRange: { minMs: Number.POSITIVE_INFINITY, maxMs: Number.NEGATIVE_INFINITY },
  supportsSharding: true,
  supportsWithoutReplicaLabels: true,
  tsdbInfos: [{ labels: labelsOf({ cluster: "a" }), timeRange: { minMs: 1, maxMs: 2 } }],
  exemplarsRange: { minMs: 0, maxMs: 0 },
};

requests("for what an endpoint is survive the wire, empty parts too", () => {
  const bytes = toBinary(InfoResponseSchema, toInfoMessage(info));
  assert.equal(fromInfoMessage(fromBinary(InfoResponseSchema, bytes)), info);
  for (const tag of [4, 5, 6, 7, 8, 9]) {
    const at = bytes.findIndex((byte, i) => byte === (tag << 3) + 2 && bytes[i + 1] === 0);
    assert.ok(at > 0, `field ${tag} is on the wire`);
  }
  const none: WireInfo = {
    ...info,
    apis: new Set(),
    timeRange: allTime,
    tsdbInfos: [],
    exemplarsRange: undefined,
  };
  const plain = { ...none, supportsSharding: false, supportsWithoutReplicaLabels: false };
  assert.equal(
    fromInfoMessage(fromBinary(InfoResponseSchema, toBinary(InfoResponseSchema, toInfoMessage(none)))),
    plain,
  );
});

requests("to a store gateway show what it serves", () => {
  const [exchange] = exchangesOf("/thanos.info.Info/Info");
  const read = fromInfoMessage(
    fromBinary(InfoResponseSchema, messageOf((exchange as { body: Uint8Array }).body)),
  );
  assert.is(read.component, "store");
  assert.equal([...read.apis], ["store"]);
  assert.equal(read.labelSets, [labelsOf({ cluster: "a", replica: "0" })]);
  assert.is(read.supportsSharding && read.supportsWithoutReplicaLabels, true);
});

requests("turn numbers without end into the ends of int64", () => {
  for (const [number, integer] of [
    [Number.NEGATIVE_INFINITY, -(2n ** 63n)],
    [Number.POSITIVE_INFINITY, 2n ** 63n - 1n],
    [-1, -1n],
    [2 ** 60, 2n ** 60n],
  ] as const) {
    assert.is(toInt64(number), integer);
    assert.is(fromInt64(integer), number);
  }
  assert.is(toInt64(1e30), 2n ** 63n - 1n);
  assert.is(toInt64(-1e30), -(2n ** 63n));
});

requests.run();
