import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../src/lib/errors.ts";
import { compareLabels, type Labels, labelsOf } from "../../src/model/labels.ts";
import type { Matcher } from "../../src/model/matcher.ts";
import type { SeriesRequest, Store } from "../../src/store/store.ts";
import {
  createTestContext,
  labelRequest,
  type MemorySample,
  type MemorySeries,
  seriesRequest,
} from "./memory-store.ts";
import { type ReadSeries, readBatches } from "./read-batches.ts";

/** A store under test. */
export interface ContractStore {
  readonly store: Store;
  close?(): Promise<void>;
}

/**
 * Makes a store over these series. Its external labels are region="eu-west" and replica="a"; region wins over a label
 * of a series, replica is left out wherever a request says so.
 */
export type CreateContractStore = (series: readonly MemorySeries[]) => ContractStore | Promise<ContractStore>;

/** External labels of every store under test. */
export const contractExternalLabels: Labels = labelsOf({ region: "eu-west", replica: "a" });

const nowMs = 1_700_000_000_000;
const hourMs = 3_600_000;
const aroundNow = { minMs: nowMs - hourMs, maxMs: nowMs + hourMs };
const longAgo = { minMs: nowMs - 8 * hourMs, maxMs: nowMs - 4 * hourMs };

/** `n=1, i!~"a|b"` and the like; a quote or none around the value. */
export function parseMatchers(text: string): Matcher[] {
  return [...text.matchAll(/([a-z_]\w*)(=~|!~|!=|=)"?([^",]*)"?(?:, |$)/g)].map(([, name, type, value]) => ({
    name: name ?? "",
    type: type as Matcher["type"],
    value: (value ?? "").replaceAll("\\\\", "\\"),
  }));
}

/** Thanos's acceptance table (pkg/store/acceptance_test.go), case 7: matchers and the series that pass, in label order. */
const matcherTable: readonly (readonly [string, string])[] = [
  ["n=1", "a b 1"],
  ["n=1, i=a", "a"],
  ["n=1, i=missing", ""],
  ['missing=""', "a b 1 2 2.5"],
  ["n!=1", "2 2.5"],
  ['i=~".+"', "a b"],
  ['i=~".*"', "a b 1 2 2.5"],
  ['i=""', "1 2 2.5"],
  ['i!=""', "a b"],
  ['missing!=""', ""],
  ["n=1, i!=a", "b 1"],
  ['n=~"^1$"', "a b 1"],
  ['n=1, i=~"^a$"', "a"],
  ['n=1, i=~"^a?$"', "a 1"],
  ['i=~"^$"', "1 2 2.5"],
  ['n=1, i=~"^$"', "1"],
  ['n=1, i=~"^.*$"', "a b 1"],
  ['n=1, i=~"^.+$"', "a b"],
  ['n!~"^1$"', "2 2.5"],
  ['n!~"1"', "2 2.5"],
  ['n!~"1|2.5"', "2"],
  ['n!~"(1|2.5)"', "2"],
  ['n=1, i!~"^a$"', "b 1"],
  ['n=1, i!~"^a?$"', "b"],
  ['n=1, i!~"^$"', "a b"],
  ['n=1, i!~"^.*$"', ""],
  ['n=1, i!~"^.+$"', "1"],
  ['n=1, i!="", i=a', "a"],
  ['n=1, i!=b, i=~"^(b|a).*$"', "a"],
  ['n=~"(1|2)"', "a b 1 2"],
  ['i=~"a|b"', "a b"],
  ['i=~"(a|b)"', "a b"],
  ['n=~"x1|2"', "2"],
  ['n=~"2|2\\\\.5"', "2 2.5"],
  ['i=~"c||d"', "1 2 2.5"],
  ['i=~"(c||d)"', "1 2 2.5"],
];

const matcherSeries: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "1": { n: "1" },
  a: { i: "a", n: "1" },
  b: { i: "b", n: "1" },
  "2": { n: "2" },
  "2.5": { n: "2.5" },
};

interface LabelCase {
  readonly name: string;
  readonly series: readonly Readonly<Record<string, string>>[];
  readonly atMs?: number;
  readonly label?: string;
  readonly matchers?: string;
  readonly range?: { readonly minMs: number; readonly maxMs: number };
  readonly wants: readonly string[];
}

const two = [{ foo: "foovalue1" }, { foo: "foovalue2" }];
const three = [...two, { foo: "foovalue1", bar: "barvalue1" }];
const jobs = [
  { __name__: "up", foo: "bar", job: "C" },
  { __name__: "up", foo: "baz", job: "C" },
];
const pods = [
  { __name__: "up", pod: "pod-1" },
  { __name__: "up", pod: "pod-2" },
  { __name__: "kube_pod_info", pod: "pod-1" },
];

/** The label calls of the acceptance table; without `label` it is the names that are asked for. */
const labelTable: readonly LabelCase[] = [
  { name: "no series, no names", series: [], wants: [] },
  { name: "no series, no values", series: [], label: "foo", wants: [] },
  { name: "names with the external label", series: [{ foo: "foovalue1" }], wants: ["foo", "region"] },
  { name: "values of one series", series: [{ foo: "foovalue1" }], label: "foo", wants: ["foovalue1"] },
  { name: "a replica label has no values", series: [{ foo: "foovalue1" }], label: "replica", wants: [] },
  { name: "values of two series", series: two, label: "foo", wants: ["foovalue1", "foovalue2"] },
  { name: "names of three series", series: three, wants: ["bar", "foo", "region"] },
  { name: "names of a range without data", series: three, range: longAgo, wants: [] },
  { name: "values of a range without data", series: three, range: longAgo, label: "foo", wants: [] },
  { name: "names by a matcher", series: three, matchers: "bar=barvalue1", wants: ["bar", "foo", "region"] },
  {
    name: "values by a matcher",
    series: three,
    matchers: "bar=barvalue1",
    label: "foo",
    wants: ["foovalue1"],
  },
  { name: "names by another matcher", series: three, matchers: "foo=foovalue2", wants: ["foo", "region"] },
  { name: "names by a matcher that nothing passes", series: three, matchers: "bar=different", wants: [] },
  {
    name: "names by the external label",
    series: three,
    matchers: "region=eu-west",
    wants: ["bar", "foo", "region"],
  },
  { name: "names by another external label", series: three, matchers: "region=different", wants: [] },
  {
    name: "values of the external label by a name that nothing has",
    series: three,
    matchers: "__name__=nonexistent",
    label: "region",
    wants: [],
  },
  {
    name: "values of the external label by another value of it",
    series: three,
    matchers: "region=us-east",
    label: "region",
    wants: [],
  },
  {
    name: "values of the external label by series labels",
    series: jobs,
    atMs: 0,
    matchers: "__name__=up, job=C",
    range: { minMs: -hourMs, maxMs: hourMs },
    label: "region",
    wants: ["eu-west"],
  },
  {
    name: "names by a regular expression on the external label",
    series: [{ __name__: "up", foo: "bar" }],
    matchers: 'region=~".*"',
    wants: ["__name__", "foo", "region"],
  },
  {
    name: "values of the external label by itself and a series label",
    series: [{ __name__: "up", foo: "bar" }],
    matchers: '__name__=up, region=~".*"',
    label: "region",
    wants: ["eu-west"],
  },
  {
    name: "names of one metric",
    series: pods,
    matchers: "__name__=kube_pod_info",
    wants: ["__name__", "pod", "region"],
  },
  { name: "names of all metrics", series: pods, wants: ["__name__", "pod", "region"] },
  {
    name: "values of one metric",
    series: pods,
    matchers: "__name__=kube_pod_info",
    label: "pod",
    wants: ["pod-1"],
  },
  { name: "values of all metrics", series: pods, label: "pod", wants: ["pod-1", "pod-2"] },
];

/** Adds the contract of a `Store` to a suite, over stores that `create` makes. */
export function addStoreContract(test: Test, create: CreateContractStore): void {
  const withStore = async (series: readonly MemorySeries[], body: (store: Store) => Promise<void>) => {
    const { store, close } = await create(series);
    try {
      await body(store);
    } finally {
      await close?.();
    }
  };
  const read = async (store: Store, request: Partial<SeriesRequest>): Promise<readonly ReadSeries[]> => {
    const ctx = createTestContext();
    const answer = await readBatches(
      store.series(ctx, seriesRequest({ range: aroundNow, withoutReplicaLabels: ["replica"], ...request })),
    );
    assert.equal([...answer.warnings, ...ctx.warnings], [], "no warnings");
    for (const [i, { labels }] of answer.series.entries()) {
      const previous = answer.series[i - 1];
      if (previous !== undefined)
        assert.ok(compareLabels(previous.labels, labels) <= 0, "series are in label order");
    }
    return answer.series;
  };
  const at = (timeMs: number, records: LabelCase["series"]): MemorySeries[] =>
    records.map((record) => ({ labels: labelsOf(record), samples: [[timeMs, 1]] }));

  for (const {
    label,
    matchers = "",
    range = aroundNow,
    series,
    atMs = nowMs,
    wants,
    name: title,
  } of labelTable) {
    test(title, () =>
      withStore(at(atMs, series), async (store) => {
        const request = labelRequest({
          range,
          matchers: parseMatchers(matchers),
          withoutReplicaLabels: ["replica"],
        });
        const ctx = createTestContext();
        const answer =
          label === undefined
            ? await store.labelNames(ctx, request)
            : await store.labelValues(ctx, { ...request, label });
        assert.equal(answer, wants);
        assert.equal(ctx.warnings, []);
      }),
    );
  }

  test("an empty label name is refused", () =>
    withStore([], async (store) => {
      const error = await store
        .labelValues(createTestContext(), {
          ...labelRequest({ range: aroundNow, partialResponse: "abort" }),
          label: "",
        })
        .then(
          () => undefined,
          (reason: unknown) => reason,
        );
      assert.ok(error instanceof GatewayError);
      assert.is(error.code, "bad_data");
      assert.is(error.message, "label name parameter cannot be empty");
    }));

  test("an external label wins over a label of the series", () =>
    withStore(at(0, [{ foo: "bar", region: "somewhere" }]), async (store) => {
      const series = await read(store, {
        range: { minMs: -hourMs, maxMs: hourMs },
        matchers: parseMatchers("foo=bar"),
        skipChunks: true,
      });
      assert.equal(
        series.map(({ labels }) => labels),
        [labelsOf({ foo: "bar", region: "eu-west" })],
      );
      assert.equal(series[0]?.chunks, []);
    }));

  for (const [matchers, wants] of matcherTable) {
    test(`{${matchers}} selects ${wants === "" ? "nothing" : wants}`, () =>
      withStore(at(nowMs, Object.values(matcherSeries)), async (store) => {
        const series = await read(store, { matchers: parseMatchers(matchers) });
        assert.equal(
          series.map(({ labels }) => labels),
          wants
            .split(" ")
            .filter((key) => key !== "")
            .map((key) => labelsOf({ ...matcherSeries[key], region: "eu-west" })),
        );
      }));
  }

  test("131,075 samples come as they were, in time order", () => {
    const samples = Array.from({ length: 131_075 }, (_, i): MemorySample => [nowMs - hourMs + i, i]);
    return withStore([{ labels: labelsOf({ foo: "bar" }), samples }], async (store) => {
      const series = await read(store, { matchers: parseMatchers("foo=bar, region=eu-west") });
      assert.equal(
        series.map(({ labels }) => labels),
        [labelsOf({ foo: "bar", region: "eu-west" })],
      );
      const got = series.flatMap(({ chunks }) => chunks.flatMap((chunk) => chunk.samples));
      assert.is(got.length, samples.length);
      assert.ok(got.every(([t, v], i) => t === samples[i]?.[0] && v === samples[i]?.[1]));
    });
  });

  test("chunks outside the range are not answered", () => {
    const samples = Array.from({ length: 1200 }, (_, i): MemorySample => [nowMs + i * 1000, i]);
    return withStore([{ labels: labelsOf({ foo: "bar" }), samples }], async (store) => {
      const range = { minMs: nowMs + 500_000, maxMs: nowMs + 600_000 };
      const series = await read(store, { range, matchers: parseMatchers("foo=bar") });
      const chunks = series.flatMap((row) => row.chunks);
      assert.ok(chunks.length > 0);
      for (const { minMs, maxMs } of chunks) assert.ok(minMs <= range.maxMs && maxMs >= range.minMs);
      assert.equal(await read(store, { range: longAgo, matchers: parseMatchers("foo=bar") }), []);
    });
  });

  test("an aborted caller gets an error, not the end of the stream", () =>
    withStore(at(nowMs, jobs), async (store) => {
      const abort = new AbortController();
      abort.abort();
      const ctx = createTestContext({ signal: abort.signal });
      let failed = false;
      try {
        await readBatches(
          store.series(ctx, seriesRequest({ range: aroundNow, matchers: parseMatchers("__name__=up") })),
        );
      } catch {
        failed = true;
      }
      assert.ok(failed);
    }));

  test("a stream may be left after its first batch, and gives back what it held", () =>
    withStore(
      at(
        nowMs,
        Array.from({ length: 500 }, (_, i) => ({ __name__: "up", i: String(i) })),
      ),
      async (store) => {
        const ctx = createTestContext();
        for await (const batch of store.series(
          ctx,
          seriesRequest({ range: aroundNow, matchers: parseMatchers("__name__=up") }),
        )) {
          if (batch.count > 0) break;
        }
        assert.is(ctx.heldBytes(), 0);
      },
    ));
}
