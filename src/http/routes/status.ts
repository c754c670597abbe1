import type { EndpointStatus } from "../../federation/endpoint-set.ts";
import { processorCount, workingFolder } from "../../runtime/environment.ts";
import type { ApiCall, RouteHandler } from "../api-call.ts";
import type { HttpApiOptions } from "../api-options.ts";
import type { ApiResponder } from "../api-responder.ts";
import { formatInt64 } from "../json/int64.ts";
import { type JsonWriter, quoteJson } from "../json/json-writer.ts";
import { writeLabelObject } from "../json/label-object.ts";

export interface StatusRoutes {
  readonly stores: RouteHandler;
  readonly buildInfo: RouteHandler;
  readonly flags: RouteHandler;
  readonly runtimeInfo: RouteHandler;
}

/** What the gateway says of itself and of its endpoints. */
export function createStatusRoutes(api: HttpApiOptions, responder: ApiResponder): StatusRoutes {
  const startTime = timeText(api.clock.nowMs());
  const answer = (call: ApiCall, write: (writer: JsonWriter) => void) =>
    responder.success(call, {
      warnings: () => [],
      write: ({ writer }) => write(writer),
    });
  const answerObject = (call: ApiCall, value: object) =>
    answer(call, (writer) => writer.rawBytes(new TextEncoder().encode(JSON.stringify(value))));
  return {
    stores: (call) => answer(call, (writer) => writeStores(writer, api.endpoints())),
    buildInfo: (call) => answerObject(call, api.build),
    flags: (call) => answerObject(call, sortedByName(api.flags)),
    runtimeInfo: (call) =>
      answerObject(call, {
        startTime,
        CWD: workingFolder(),
        goroutineCount: 1,
        GOMAXPROCS: processorCount(),
        GOGC: "",
        GODEBUG: "",
        GOMEMLIMIT: api.memory.limitBytes,
      }),
  };
}

function writeStores(writer: JsonWriter, endpoints: readonly EndpointStatus[]): void {
  const byComponent = Map.groupBy(
    endpoints.filter(({ component }) => component !== undefined),
    ({ component }) => component ?? "",
  );
  const components = [...byComponent.keys()].sort();
  writer.raw("{");
  components.forEach((component, i) => {
    writer.raw(i > 0 ? "," : "");
    writer.htmlSafeString(component);
    writer.raw(":[");
    const members = (byComponent.get(component) ?? []).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    members.forEach((endpoint, j) => {
      writer.raw(j > 0 ? "," : "");
      writeEndpoint(writer, endpoint);
    });
    writer.raw("]");
  });
  writer.raw("}");
}

function writeEndpoint(writer: JsonWriter, endpoint: EndpointStatus): void {
  const { name, lastCheckMs, lastError, labelSets, timeRange } = endpoint;
  writer.raw('{"name":');
  writer.htmlSafeString(name);
  writer.raw(`,"lastCheck":"${lastCheckMs === undefined ? "0001-01-01T00:00:00Z" : timeText(lastCheckMs)}"`);
  writer.raw(',"lastError":');
  writer.rawBytes(new TextEncoder().encode(lastError === undefined ? "null" : quoteJson(lastError, true)));
  writer.raw(',"labelSets":[');
  labelSets.forEach((labels, i) => {
    writer.raw(i > 0 ? "," : "");
    writeLabelObject(writer, labels);
  });
  writer.raw(`],"minTime":${formatInt64(timeRange.minMs)},"maxTime":${formatInt64(timeRange.maxMs)}}`);
}

/** RFC 3339, fraction without trailing zeros, as Go writes times. */
function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.?0*Z$/, "Z");
}

function sortedByName(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
