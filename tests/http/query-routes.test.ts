import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../src/lib/errors.ts";
import { createHistogram } from "../../src/model/histogram/histogram.ts";
import { labelsOf } from "../../src/model/labels.ts";
import type { QueryResult } from "../../src/promql/engine.ts";
import { createMemoryLimit } from "../../src/store/memory-limit.ts";
import type { Selectable } from "../../src/store/samples.ts";
import { createTestApi, form } from "../support/http-api.ts";
import { createMemoryExchange } from "../support/memory-exchange.ts";

const query = suite("query routes");
const start = 1_793_491_200;

// The server's own timers do not keep a process up.
let alive: ReturnType<typeof setInterval>;
query.before(() => {
  alive = setInterval(() => undefined, 1_000);
});
query.after(() => clearInterval(alive));

function apiWithUp() {
  const api = createTestApi();
  for (const instance of ["a", "b"]) {
    const labels = labelsOf({ __name__: "up", instance, path: "<x>" });
    const samples = Array.from({ length: 11 }, (_, i) => ({ timeMs: (start + i * 15) * 1000, value: i / 4 }));
    api.series.add(labels, samples);
  }
  return api;
}

query("an instant query answers with Thanos's bytes and headers", async () => {
  const { ask } = apiWithUp();
  const answer = await ask(`/api/v1/query?query=up%7Binstance=%22a%22%7D&time=${start + 150}`);
  assert.is(
    answer.text,
    `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","instance":"a","path":"<x>"},"value":[${start + 150},"2.5"]}],"analysis":{}}}`,
  );
  assert.is(answer.status, 200);
  assert.equal(answer.headers, {
    "Content-Type": "application/json",
    Vary: "Accept-Encoding",
    "Access-Control-Allow-Headers": "Accept, Accept-Encoding, Authorization, Content-Type, Origin",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Date",
  });
});

/** A counter of native histograms with one bucket, and floats in between. */
function apiWithHistograms() {
  const api = createTestApi();
  const layout = { ...createHistogram().layout, positive: Int32Array.of(1) };
  for (const instance of ["b", "a"]) {
    const samples = Array.from({ length: 5 }, (_, i) => {
      const timeMs = (start + i * 15) * 1000;
      if (i === 2) return { timeMs, value: 7 };
      const histogram = {
        ...createHistogram(),
        layout,
        count: i + 1,
        sum: i,
        buckets: Float64Array.of(i + 1),
      };
      return { timeMs, value: 0, histogram };
    });
    api.series.add(labelsOf({ __name__: "took", instance }), samples);
  }
  return api;
}

query("native histograms stand in their own member, sorted or as they come", async () => {
  const { ask } = apiWithHistograms();
  const histogram = (count: number, factor: number) =>
    `{"count":"${factor * count}","sum":"${factor * (count - 1)}","buckets":[[0,"1","2","${factor * count}"]]}`;
  const series = (name: string, instance: string, factor: number) =>
    `{"metric":{${name}"instance":"${instance}"},"values":[[${start + 30},"${factor * 7}"]],"histograms":[` +
    `[${start},${histogram(1, factor)}],[${start + 15},${histogram(2, factor)}],[${start + 45},${histogram(4, factor)}]]}`;
  for (const [text, name, factor] of [
    ["took", '"__name__":"took",', 1],
    ["2 * took", "", 2],
  ] as const) {
    const answer = await ask(
      `/api/v1/query_range?query=${encodeURIComponent(text)}&start=${start}&end=${start + 45}&step=15`,
    );
    const { data } = JSON.parse(answer.text);
    assert.is(data.resultType, "matrix");
    const wanted = `[${series(name, "a", factor)},${series(name, "b", factor)}]`;
    assert.ok(answer.text.includes(`"result":${wanted}`), `${text}: ${answer.text}`);
  }
  const instant = await ask(`/api/v1/query?query=took&time=${start + 20}`);
  assert.ok(instant.text.includes(`"instance":"a"},"histogram":[${start + 20},${histogram(2, 1)}]}`));
  const samples = await ask(`/api/v1/query?query=took%5B30s%5D&time=${start + 40}`);
  assert.ok(
    samples.text.includes(
      `"instance":"a"},"values":[[${start + 30},"7"]],"histograms":[[${start + 15},${histogram(2, 1)}]]}`,
    ),
    samples.text,
  );
});

query("annotations come with warnings of stores in front, and may be cached", async () => {
  const { ask } = apiWithHistograms();
  const mixed = await ask(`/api/v1/query?query=rate(took%5B1m%5D)&time=${start + 60}`);
  assert.equal(JSON.parse(mixed.text).warnings, [
    'PromQL warning: encountered a mix of histograms and floats for metric name "took" (1:6)',
  ]);
  assert.is(mixed.headers["Cache-Control"], undefined);
  const ignored = await ask(`/api/v1/query?query=min(took)&time=${start}`);
  const { infos, warnings } = JSON.parse(ignored.text);
  assert.equal(infos, ["PromQL info: ignored histogram in min aggregation (1:5)"]);
  assert.is(warnings, undefined);
  assert.match(ignored.text, /"analysis":\{\}\},"infos":\[/);
  const api = apiWithHistograms();
  const warned = createTestApi({
    select: () => ({
      select(ctx, request) {
        ctx.warn("a store is missing");
        return api.series.select(ctx, request);
      },
    }),
  });
  const both = await warned.ask(`/api/v1/query?query=rate(took%5B1m%5D)&time=${start + 60}`);
  assert.equal(JSON.parse(both.text).warnings, ["a store is missing", ...JSON.parse(mixed.text).warnings]);
  assert.is(both.headers["Cache-Control"], "no-store");
});

query("an analyzed query says what its operators did", async () => {
  const { ask } = apiWithUp();
  for (const asked of ["true", "1"]) {
    const answer = await ask(
      `/api/v1/query_range?query=sum(up)%2Bvector(0)&start=${start}&end=${start + 60}&step=15&analyze=${asked}`,
    );
    const { analysis } = JSON.parse(answer.text).data;
    const shape = (node: Record<string, unknown>): unknown => {
      assert.match(String(node.executionTime), /^[\d.]+(ns|µs|ms|s)$/);
      const { name, series, totalSamples, children = [] } = node;
      return [name, series, totalSamples, ...(children as Record<string, unknown>[]).map(shape)];
    };
    assert.equal(shape(analysis), [
      "[vectorBinary] + - one-to-one, ignoring: [], group: []",
      1,
      10,
      ["[aggregate] sum by ([])", 1, 10, ['[vectorSelector] {[__name__="up"]}', 2, 10]],
      [
        "[stepInvariant]",
        1,
        undefined,
        ["[function] vector", 1, undefined, ["[numberLiteral] 0", 1, undefined]],
      ],
    ]);
  }
  const plain = await ask(`/api/v1/query?query=up&time=${start}&analyze=yes`);
  assert.equal(JSON.parse(plain.text).data.analysis, {});
});

query("a plan is explained without reading anything", async () => {
  const { ask, series } = apiWithUp();
  const instant = await ask("/api/v1/query_explain?query=2&time=123.4&engine=thanos");
  assert.is(instant.text, '{"status":"success","data":{"name":"[numberLiteral] 2"}}');
  const range = await ask(
    "/api/v1/query_range_explain",
    form([
      ["query", "time() - max_over_time(up[5m] offset 1m)"],
      ["start", "0"],
      ["end", "500"],
      ["step", "1"],
    ]),
  );
  assert.equal(JSON.parse(range.text).data, {
    name: "[vectorScalarBinary] -",
    children: [
      { name: "[noArgFunction]" },
      {
        name: "[function] max_over_time",
        children: [{ name: '[matrixSelector] {[__name__="up"]}[5m] offset 1m' }],
      },
    ],
  });
  assert.equal(series.requests, []);
  const refused = await ask("/api/v1/query_range_explain?query=up[5m]&start=0&end=1&step=1");
  assert.is(refused.status, 400);
  assert.match(refused.text, /invalid expression type/);
});

query("a range query answers the points of its steps, in label order", async () => {
  const { ask } = apiWithUp();
  const answer = await ask(
    "/api/v1/query_range",
    form([
      ["query", "-up"],
      ["start", String(start)],
      ["end", String(start + 60)],
      ["step", "30.5"],
    ]),
  );
  const points = `[${start},"-0"],[${start + 30}.500,"-0.5"]`;
  const series = (instance: string) =>
    `{"metric":{"instance":"${instance}","path":"<x>"},"values":[${points}]}`;
  assert.is(
    answer.text,
    `{"status":"success","data":{"resultType":"matrix","result":[${series("a")},${series("b")}],"analysis":{}}}`,
  );
});

for (const [text, data] of [
  ["1e21", `{"resultType":"scalar","result":[${start},"1000000000000000000000"],"analysis":{}}`],
  ['"<a>"', `{"resultType":"string","result":[${start},"\\u003ca\\u003e"],"analysis":{}}`],
  [
    "vector(1e21)",
    `{"resultType":"vector","result":[{"metric":{},"value":[${start},"1e+21"]}],"analysis":{}}`,
  ],
  ["nothing", '{"resultType":"vector","result":[],"analysis":{}}'],
  ["nothing[5m]", '{"resultType":"matrix","result":[],"analysis":{}}'],
  [
    'up{instance="a"}[20s]',
    `{"resultType":"matrix","result":[{"metric":{"__name__":"up","instance":"a","path":"<x>"},"values":[[${start},"0"]]}],"analysis":{}}`,
  ],
] as const) {
  query(`${text} answers with a value of its type`, async () => {
    const { ask } = apiWithUp();
    const answer = await ask(`/api/v1/query?time=${start}&query=${encodeURIComponent(text)}`);
    assert.is(answer.text, `{"status":"success","data":${data}}`);
  });
}

const range = (changes: Record<string, string>) => {
  const parameters = { query: "up", start: String(start), end: String(start + 60), step: "15", ...changes };
  return `/api/v1/query_range?${new URLSearchParams(parameters)}`;
};

for (const [path, status, errorType, error] of [
  ["/api/v1/query?query=", 400, "bad_data", "unknown position: parse error: no expression found in input"],
  ["/api/v1/query?query=sum(", 400, "bad_data", "1:5: parse error: unclosed left parenthesis"],
  [
    "/api/v1/query?query=up&time=abc",
    400,
    "bad_data",
    `Invalid time value for 'time': cannot parse "abc" to a valid timestamp`,
  ],
  ["/api/v1/query?query=up&timeout=abc", 400, "bad_data", 'cannot parse "abc" to a valid duration'],
  [
    "/api/v1/query?query=up&dedup=sdf",
    400,
    "bad_data",
    `'dedup' parameter: strconv.ParseBool: parsing "sdf": invalid syntax`,
  ],
  [
    "/api/v1/query?query=up&partial_response=sdf",
    400,
    "bad_data",
    `'partial_response' parameter: strconv.ParseBool: parsing "sdf": invalid syntax`,
  ],
  ["/api/v1/query?query=up&engine=x", 400, "bad_data", "'x' bad engine"],
  [
    "/api/v1/query?query=up&lookback_delta=x",
    400,
    "bad_data",
    `'lookback_delta' parameter: cannot parse "x" to a valid duration`,
  ],
  [
    "/api/v1/query?query=up&max_source_resolution=-1",
    400,
    "bad_data",
    "negative 'max_source_resolution' is not accepted. Try a positive integer",
  ],
  [
    "/api/v1/query?query=up&storeMatch[]=up{",
    400,
    "bad_data",
    "1:4: parse error: unexpected end of input inside braces",
  ],
  [range({ start: "abc" }), 400, "bad_data", 'cannot parse "abc" to a valid timestamp'],
  [range({ start: "" }), 400, "bad_data", 'cannot parse "" to a valid timestamp'],
  [range({ end: "0" }), 400, "bad_data", "end timestamp must not be before start time"],
  [range({ step: "x" }), 400, "bad_data", `'step' parameter: cannot parse "x" to a valid duration`],
  [
    range({ step: "0" }),
    400,
    "bad_data",
    "zero or negative query resolution step widths are not accepted. Try a positive integer",
  ],
  [
    range({ step: "1e-9" }),
    400,
    "bad_data",
    "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
  ],
  [
    range({ query: "up[5m]" }),
    400,
    "bad_data",
    'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
  ],
  [
    '/api/v1/query?query=label_replace(up,"a","b","c","(")',
    422,
    "execution",
    "invalid regular expression in label_replace(): (",
  ],
] as const) {
  query(`${path.slice(0, 70)} is refused: ${error.slice(0, 60)}`, async () => {
    const answer = await apiWithUp().ask(path);
    assert.equal(JSON.parse(answer.text), { status: "error", errorType, error });
    assert.is(answer.status, status);
    assert.is(answer.headers["Cache-Control"], "no-store");
  });
}

query("a step that is not named is a 250th of the range, at least the default", async () => {
  const { ask } = apiWithUp();
  const steps = async (end: number) => {
    const { text } = await ask(`/api/v1/query_range?query=vector(1)&start=0&end=${end}`);
    return [...text.matchAll(/\[(\d+),"1"\]/g)].map((match) => Number(match[1]));
  };
  assert.equal(await steps(3), [0, 1, 2, 3]);
  assert.equal((await steps(2_000)).slice(0, 3), [0, 8, 16]);
});

query(
  "series that do not come in label order are sorted by bytes, and copied before they are kept",
  async () => {
    const { options } = createTestApi();
    const names = ["b", "a\uffff", "a", "a\u{1f600}"];
    const lent = new Float64Array(2);
    const unordered = (): QueryResult => {
      let at = 0;
      return {
        type: "matrix",
        grid: { startMs: 0, stepMs: 1_000, count: 2 },
        ordered: false,
        text: undefined,
        next() {
          const name = names[at++];
          if (name === undefined) return undefined;
          const labels = labelsOf({ name });
          lent.fill(at);
          return {
            labels: { get: () => "", all: () => labels },
            length: 2,
            values: lent,
            present: undefined,
            timesMs: undefined,
            histograms: undefined,
          };
        },
        close: async () => undefined,
        stats: () => ({ totalQueryableSamples: 0, samplesRead: 0, peakSamples: 0 }),
        annotations: () => ({ warnings: [], infos: [] }),
        analysis: () => undefined,
      };
    };
    const prepare = (text: string) => ({ ...options.engine.prepare(text), range: unordered });
    const answer = await createTestApi({ engine: { prepare } }).ask(
      "/api/v1/query_range?query=up&start=0&end=1&step=1",
    );
    const series = (name: string, value: number) =>
      `{"metric":{"name":"${name}"},"values":[[0,"${value}"],[1,"${value}"]]}`;
    assert.is(
      answer.text,
      `{"status":"success","data":{"resultType":"matrix","result":[${series("a", 3)},${series("a\uffff", 2)},${series("a\u{1f600}", 4)},${series("b", 1)}],"analysis":{}}}`,
    );
  },
);

query("warnings end the answer and keep it out of caches", async () => {
  const warned: Selectable = {
    select(ctx) {
      ctx.warn("store <a> failed");
      ctx.warn("store <a> failed");
      return { next: () => undefined, close: async () => undefined };
    },
  };
  const answer = await createTestApi({ select: () => warned }).ask("/api/v1/query?query=up&time=0");
  assert.is(
    answer.text,
    '{"status":"success","data":{"resultType":"vector","result":[],"analysis":{}},"warnings":["store \\u003ca\\u003e failed"]}',
  );
  assert.is(answer.headers["Cache-Control"], "no-store");
});

query("parameters of a form count before those of the URL, and of equal names the first", async () => {
  const { ask } = apiWithUp();
  const answer = await ask(
    "/api/v1/query?query=nothing&time=0",
    form([
      ["query", "1"],
      ["query", "2"],
    ]),
  );
  assert.is(
    answer.text,
    '{"status":"success","data":{"resultType":"scalar","result":[0,"1"],"analysis":{}}}',
  );
});

query("a form of more than ten mebibytes is refused", async () => {
  const answer = await createTestApi().ask("/api/v1/query", form([["query", "x".repeat(10_500_000)]]));
  assert.is(answer.status, 400);
  assert.match(answer.text, "http: request body too large");
});

query("more than ten thousand parameters are refused, in a form and in a URL", async () => {
  const { ask } = createTestApi();
  const filler = "&a=b".repeat(10_000);
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  for (const answer of [
    await ask("/api/v1/query", { method: "POST", headers, body: `query=1${filler}` }),
    await ask(`/api/v1/query?query=1${filler}`),
  ]) {
    assert.is(answer.status, 400);
    assert.match(answer.text, "number of URL query parameters exceeded limit");
  }
  const most = await ask(`/api/v1/query?query=1${filler.slice(4)}`);
  assert.is(most.status, 200);
});

query("stats are added where they are asked for", async () => {
  const answer = await apiWithUp().ask(`/api/v1/query?query=up&time=${start}&stats=all`);
  const { stats } = (JSON.parse(answer.text) as { data: { stats: { samples: unknown; timings: object } } })
    .data;
  assert.equal(Object.keys(stats.timings), [
    "evalTotalTime",
    "resultSortTime",
    "queryPreparationTime",
    "innerEvalTime",
    "execQueueTime",
    "execTotalTime",
  ]);
  assert.equal(Object.keys(stats.samples as object), ["totalQueryableSamples", "peakSamples"]);
});

/** As many series as asked for, each of one sample per step; then, if asked for, an error. */
function manySeries(count: number, fails: GatewayError | undefined, onClose?: () => void): Selectable {
  return {
    select(_ctx, { range: { minMs, maxMs } }) {
      const length = Math.floor((maxMs - minMs) / 15_000) + 1;
      const timesMs = Float64Array.from({ length }, (_, i) => maxMs - (length - 1 - i) * 15_000);
      const values = Float64Array.from({ length }, (_, i) => i / 3);
      let at = 0;
      return {
        next() {
          if (at === count) {
            if (fails !== undefined) throw fails;
            return undefined;
          }
          const labels = labelsOf({ n: String(at++).padStart(8, "0") });
          const get = (name: string) => labels.find((label) => label.name === name)?.value ?? "";
          const words = new Uint32Array(values.buffer);
          return {
            labels: { get, all: () => labels },
            length,
            timesMs,
            values,
            words,
            hasStale: false,
            histograms: undefined,
            startTimesMs: undefined,
          };
        },
        close: async () => onClose?.(),
      };
    },
  };
}

const large = `/api/v1/query_range?query=x&start=${start}&end=${start + 15_000}&step=15`;

query("an answer of up to a mebibyte is whole, a larger one leaves before its end", async () => {
  for (const [count, streamed] of [
    [10, false],
    [200, true],
  ] as const) {
    const answer = await createTestApi({ select: () => manySeries(count, undefined) }).ask(large);
    assert.is(answer.streamed, streamed);
    assert.is((JSON.parse(answer.text) as { data: { result: unknown[] } }).data.result.length, count);
    assert.is(answer.headers["Cache-Control"], streamed ? "no-store" : undefined);
  }
});

query("an error within the first mebibyte gets its status", async () => {
  const broken = new GatewayError("unavailable", "store went away");
  const answer = await createTestApi({ select: () => manySeries(10, broken) }).ask(large);
  assert.is(answer.status, 422);
  assert.match(answer.text, "store went away");
});

query("a later error resets the connection, is counted and logged", async () => {
  const lines: unknown[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (_message: string, fields?: object) => void lines.push(fields),
    error: () => undefined,
    with: () => log,
  };
  const broken = new GatewayError("unavailable", "store went away");
  const api = createTestApi({ select: () => manySeries(200, broken), log });
  const answer = await api.ask(large);
  assert.is(answer.reset, true);
  assert.throws(() => JSON.parse(answer.text));
  assert.match(await api.options.metrics.scrape(), "\nsluice_http_cut_answers_total 1\n");
  assert.is((lines[0] as { err: string }).err, "expanding series: store went away");
});

query("a client that does not read is not written for, and one that leaves ends the query", async () => {
  let closed = false;
  let seen: AbortSignal | undefined;
  const source = manySeries(100_000, undefined, () => {
    closed = true;
  });
  const api = createTestApi({
    select: () => ({
      select(ctx, request) {
        seen = ctx.signal;
        return source.select(ctx, request);
      },
    }),
  });
  const exchange = createMemoryExchange({ slow: true });
  const handled = api.handle(new Request(`http://gateway${large}`), exchange);
  while (exchange.waiting() < 16) await new Promise((resolve) => setTimeout(resolve, 1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(exchange.waiting() < 40, `${exchange.waiting()} chunks wait`);
  exchange.leave();
  assert.is(seen?.aborted, true);
  exchange.release();
  await handled;
  assert.is(closed, true);
});

query("what an answer held is given back", async () => {
  const memory = createMemoryLimit(64 << 20);
  const { ask } = createTestApi({ memory, select: () => manySeries(200, undefined) });
  await ask(large);
  await ask(large.replace("query=x", "query=sort(x)"));
  assert.is(memory.heldBytes(), 0);
});

query("an answer that would pass the memory limit is refused as execution", async () => {
  const memory = createMemoryLimit(600_000);
  const { ask } = createTestApi({ memory, select: () => manySeries(200, undefined) });
  const answer = await ask(large);
  assert.is(answer.status, 422);
  assert.match(answer.text, "--memory-limit");
  assert.is(memory.heldBytes(), 0);
});

/** Ends only when the query is stopped. */
const silent: Selectable = {
  select: (ctx) => ({
    next: () =>
      new Promise((_, reject) => {
        ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason), { once: true });
      }),
    close: async () => undefined,
  }),
};

query("a query that takes longer than its timeout is stopped with 503", async () => {
  const answer = await createTestApi({ select: () => silent }).ask("/api/v1/query?query=up&timeout=10ms");
  assert.is(answer.status, 503);
  assert.equal(JSON.parse(answer.text), {
    status: "error",
    errorType: "timeout",
    error: "query timed out in expression evaluation",
  });
});

query("a timeout of nothing or less is over at once", async () => {
  for (const timeout of ["0", "-1", "NaN"]) {
    const answer = await createTestApi().ask(`/api/v1/query?query=1&timeout=${timeout}`);
    assert.is(answer.status, 503);
    assert.match(answer.text, '"errorType":"timeout"');
  }
});

query("queries beyond the limit wait, and give up when their time is over", async () => {
  const api = createTestApi({ select: () => silent, maxConcurrent: 1 });
  const first = api.ask("/api/v1/query?query=up&timeout=60ms");
  const second = await api.ask("/api/v1/query?query=1&timeout=10ms");
  assert.is(second.status, 503);
  const scraped = await api.options.metrics.scrape();
  assert.match(scraped, "\nthanos_query_concurrent_gate_queries_in_flight 1\n");
  assert.match(scraped, "\nthanos_query_concurrent_gate_queries_max 1\n");
  await first;
  assert.is((await api.ask("/api/v1/query?query=1")).status, 200);
  assert.match(await api.options.metrics.scrape(), "\nthanos_query_concurrent_gate_queries_in_flight 0\n");
});

query("a broken invariant is a 500, and the next request is answered", async () => {
  const { options } = createTestApi();
  const prepare = (text: string) => {
    if (text === "up") throw new TypeError("x is not a function");
    return options.engine.prepare(text);
  };
  const api = createTestApi({ engine: { prepare } });
  const answer = await api.ask("/api/v1/query?query=up");
  assert.is(answer.status, 500);
  assert.is((JSON.parse(answer.text) as { errorType: string }).errorType, "internal");
  assert.is((await api.ask("/api/v1/query?query=1")).status, 200);
});

query("parameters that Go cannot read are left out, not made into other queries", async () => {
  const { ask } = apiWithUp();
  for (const path of ["query=up%zz", "query=up%", "query=up;", "qu%zery=up"]) {
    const answer = await ask(`/api/v1/query?${path}&time=${start}`);
    assert.is(answer.status, 400, path);
    assert.match(answer.text, "no expression found in input");
  }
  assert.is((await ask(`/api/v1/query?x=%zz&query=up%25up&time=${start}`)).status, 200);
});

query.run();
