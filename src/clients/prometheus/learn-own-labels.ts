import { GatewayError, messageOf } from "../../lib/errors.ts";
import { type Label, type Labels, labelValue, sortLabels } from "../../model/labels.ts";
import type { Matcher } from "../../model/matcher.ts";
import type { TimeRange } from "../../model/time-range.ts";
import { createChunkedFrameReader } from "../../wire/chunked-frames.ts";
import { ChunkedSeriesReader } from "../../wire/chunked-series.ts";
import { encodeReadRequest } from "../../wire/remote-read-request.ts";
import { SampledSeriesReader } from "../../wire/sampled-series.ts";
import { compressSnappy, uncompressSnappy } from "../../wire/snappy.ts";
import { decodeLabels } from "../../wire/wire-labels.ts";
import type { ApiCall, PrometheusApi } from "./prometheus-api.ts";
import { readBytes } from "./read-answer.ts";

/** Series that are compared: one that carries an external label's name itself hides that label, a few do not. */
const comparedSeries = 4;
const recentMs = 10 * 60_000;

/**
 * External labels of a Prometheus whose configuration may not be read: remote read puts them into series, the series API
 * does not, so the difference is them. Throws GatewayError `unavailable` that says why they cannot be learnt.
 */
export async function learnOwnLabels(api: PrometheusApi, call: ApiCall, nowMs: number): Promise<Labels> {
  const range = { minMs: nowMs - recentMs, maxMs: nowMs };
  const own = new Map<string, Label>();
  let compared = 0;
  try {
    for (const series of await recentSeries(api, call, range)) {
      const read = await readLabels(api, call, { range, matchers: series.map(matcherOf) });
      if (read === undefined) continue;
      compared++;
      for (const label of read) if (labelValue(series, label.name) === undefined) own.set(label.name, label);
      if (compared === comparedSeries) break;
    }
  } catch (error) {
    throw cannotLearn(messageOf(error), error);
  }
  if (compared === 0) throw cannotLearn("it has no series of the last ten minutes to compare");
  return sortLabels([...own.values()]);
}

function cannotLearn(reason: string, cause?: unknown): GatewayError {
  return new GatewayError(
    "unavailable",
    `Cannot learn the external labels of Prometheus, whose configuration may not be read: ${reason}`,
    { cause },
  );
}

/** `up` is on every server that scrapes; elsewhere any metric will do. */
async function recentSeries(api: PrometheusApi, call: ApiCall, range: TimeRange): Promise<readonly Labels[]> {
  const byName = (value: string) =>
    api.series(call, {
      range,
      matchers: [{ type: "=", name: "__name__", value }],
      limit: 2 * comparedSeries,
    });
  const up = await byName("up");
  if (up.length > 0) return up;
  const names = await api.labelValues(call, {
    label: "__name__",
    range,
    matchers: [],
    limit: comparedSeries,
  });
  const found: Labels[] = [];
  for (const name of names.slice(0, comparedSeries)) found.push(...(await byName(name)));
  return found;
}

/** Remote read mistakes an equality with an external label's value for that label; a regular expression it does not. */
function matcherOf({ name, value }: Label): Matcher {
  if (name === "__name__") return { type: "=", name, value };
  return { type: "=~", name, value: value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&") };
}

interface ReadQuery {
  readonly range: TimeRange;
  readonly matchers: readonly Matcher[];
}

/** Labels of the series of a remote read that has no labels but those asked for; chunks come with that one first. */
async function readLabels(api: PrometheusApi, call: ApiCall, query: ReadQuery): Promise<Labels | undefined> {
  const body = compressSnappy(encodeReadRequest(query, ["STREAMED_XOR_CHUNKS", "SAMPLES"]));
  const answer = await api.read(call.signal, body);
  if (answer.status !== 200) {
    answer.cancel();
    throw new GatewayError("unavailable", `remote read answers status ${answer.status}`);
  }
  if (answer.header("content-type")?.startsWith("application/x-streamed-protobuf") !== true) {
    return shortestSampled(uncompressSnappy(await readBytes(answer, call), call.maxBytes));
  }
  const frames = createChunkedFrameReader();
  const payloads: Uint8Array[] = [];
  for await (const piece of answer.body) {
    frames.push(piece, payloads);
    const series = new ChunkedSeriesReader();
    for (const payload of payloads) {
      series.reset(payload);
      if (series.next()) return decodeLabels(series.labels, series.labelStart, series.labelEnd);
    }
  }
  return undefined;
}

/** The series of the fewest labels: samples come in no order. */
function shortestSampled(message: Uint8Array): Labels | undefined {
  const series = new SampledSeriesReader();
  series.reset(message);
  let shortest: Labels | undefined;
  while (series.next()) {
    const labels = decodeLabels(series.labels, series.labelStart, series.labelEnd);
    if (shortest === undefined || labels.length < shortest.length) shortest = labels;
  }
  return shortest;
}
