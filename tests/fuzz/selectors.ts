import { endSeconds, startSeconds } from "./fuzz-data.ts";
import type { Grammar } from "./grammar.ts";
import { node, type QueryNode } from "./query-node.ts";

/** A metric of the data set, and the labels that tell its series apart. */
interface Metric {
  readonly name: string;
  readonly labels: readonly string[];
}

const counters: readonly Metric[] = [
  { name: "http_requests_total", labels: ["job", "instance", "code"] },
  { name: "latency_seconds_bucket", labels: ["job", "instance", "le"] },
  { name: "latency_seconds_count", labels: ["job", "instance"] },
  { name: "latency_seconds_sum", labels: ["job", "instance"] },
  { name: "queue_total", labels: ["job"] },
  { name: "requests_total", labels: ["job"] },
];

const gauges: readonly Metric[] = [
  { name: "up", labels: ["job", "instance"] },
  { name: "build_info", labels: ["job", "instance", "version"] },
  { name: "memory_bytes", labels: ["job", "instance"] },
  { name: "memory_limit_bytes", labels: ["job", "instance"] },
  { name: "temperature", labels: ["instance", "az"] },
  { name: "queue", labels: ["az", "job", "zone"] },
  { name: "rare", labels: ["job"] },
  { name: "late", labels: ["job"] },
  { name: "early", labels: ["job"] },
];

const odd: readonly Metric[] = [
  { name: "odd_value", labels: ["kind"] },
  { name: "odd_bucket", labels: ["kind", "le"] },
  { name: "text", labels: ["job", "path", "word"] },
  { name: "nothing", labels: ["job"] },
];

const edges: readonly Metric[] = [
  { name: "edge_total", labels: ["instance"] },
  { name: "edge_gauge", labels: ["instance"] },
  { name: "edge_rare", labels: ["instance"] },
];

const histograms: readonly Metric[] = [
  { name: "rpc_seconds", labels: ["job", "instance"] },
  { name: "rpc_seconds", labels: ["job", "instance"] },
  { name: "rpc_level", labels: ["job", "instance"] },
  { name: "sizes", labels: ["job", "instance"] },
  { name: "mixed", labels: ["job"] },
  { name: "odd_sizes", labels: ["kind"] },
];

/** Values of labels that matchers ask for, real ones and others. */
export const labelValues: Readonly<Record<string, readonly string[]>> = {
  job: ["api", "web", "", "none"],
  instance: ["i0", "i1", "i2", ""],
  code: ["200", "404", "500"],
  le: ["0.1", "0.5", "1", "+Inf", "many"],
  version: ["1.0", "1.1"],
  az: ["z0", "z1", ""],
  zone: ["1", ""],
  kind: ["nan", "inf", "-inf", "huge", "tiny", "zero", "falling", "open", "word"],
  path: ["/a/b.c", "/a/d"],
  word: ["日本"],
};

const expressions: Readonly<Record<string, readonly string[]>> = {
  job: ["api|web", "a.*", ".+", ".*", "(?i:API)", "[aw].+", "w?eb|none", ""],
  instance: ["i[01]", "i.", "i0|i2", ".*1", "i(0|1)", "^i0$"],
  code: ["2..", "4..|5..", "[^2].*", "\\\\d+", "20{2}"],
  le: ["0\\\\..+", ".*[0-9]", "[+]Inf|1"],
  az: ["z.?", "z0|", ".*"],
  kind: ["nan|inf", "-?inf", "[a-m].*", "(tiny|zero)"],
  path: ["/a/.\\\\.c", "/a/[bd].*", ".*/d"],
  word: [".*\\n", "日.", "(?s:.*)"],
};

/** All label names that clauses may name. */
export const labelNames = ["job", "instance", "code", "le", "az", "kind", "zone", "version", "none"];

export type MetricUse = "counter" | "gauge" | "any" | "bucket" | "histogram";

export function metricOf(grammar: Grammar, use: MetricUse): Metric {
  const { random, modern, features } = grammar;
  if (use === "histogram") return random.oneOf(histograms);
  if (use !== "bucket" && modern && features.has("histograms") && random.chance(0.25))
    return random.oneOf(histograms);
  // Rates of what grows from zero are modern, so odd buckets are read as they are.
  if (use === "bucket") return modern && random.chance(0.2) ? odd[1]! : counters[1]!;
  const wide = modern ? [...counters, ...gauges, ...odd, ...edges] : [...counters, ...gauges, ...odd];
  if (use === "counter") return random.oneOf(modern && random.chance(0.2) ? wide : counters);
  if (use === "gauge") return random.oneOf(random.chance(0.9) ? gauges : wide);
  return random.oneOf(wide);
}

/** A selector without modifiers. */
export function bareSelector(grammar: Grammar, use: MetricUse): QueryNode {
  const { random } = grammar;
  if ((use === "any" || use === "gauge") && random.chance(0.04))
    return node("selector", `{__name__=~"${random.oneOf(nameExpressions)}"}`);
  if (grammar.modern && use === "any" && random.chance(0.02)) {
    return node(
      "selector",
      '{"größe.total"',
      node("clause", random.oneOf(["", ', "l.x"="a"', ', "l.x"=~".+"'])),
      "}",
    );
  }
  const metric = metricOf(grammar, use);
  const matchers: string[] = [];
  while (matchers.length < 3 && random.chance(0.35)) matchers.push(matcher(grammar, metric));
  if (random.chance(0.05)) {
    return node("selector", "{", [`__name__="${metric.name}"`, ...matchers].join(","), "}");
  }
  const clause = matchers.length > 0 ? [node("clause", `{${matchers.join(", ")}}`)] : [];
  return node("selector", metric.name, ...clause);
}

/** Histograms of two schemas, floats and histograms. */
const nameExpressions = [
  "rpc_.+",
  "sizes|rpc_seconds",
  "mixed|sizes",
  "queue|up",
  "memory_.+",
  ".*_bytes",
  "up|rare|late",
  "queue.*",
  "temperature|none",
];

function matcher({ random }: Grammar, metric: Metric): string {
  const label = random.oneOf(random.chance(0.9) ? metric.labels : labelNames);
  if (random.chance(0.5)) {
    const values = labelValues[label] ?? ["x", ""];
    const value = random.oneOf(values);
    // What is not the first value of a label is oftener excluded than asked for: empty answers tell little.
    return `${label}${random.oneOf(value === "" || value === "none" ? ["!=", "!=", "="] : ["=", "!="])}"${value}"`;
  }
  const expression = random.oneOf(expressions[label] ?? [".*", ".+", "1|x"]);
  return `${label}${random.oneOf(["=~", "=~", "!~"])}"${expression}"`;
}

/** `offset` and `@`, in either order, maybe none; with how they move the time that is asked for. */
export function modifiers(
  grammar: Grammar,
  chance: number,
): { readonly clauses: readonly QueryNode[]; readonly onGrid: boolean } {
  const { random, onGrid } = grammar;
  const clauses: QueryNode[] = [];
  let pinnedOnGrid = onGrid;
  if (random.chance(chance)) {
    const sign = random.chance(0.2) ? "-" : "";
    clauses.push(node("clause", ` offset ${sign}${random.oneOf(offsets)}`));
  }
  if (random.chance(chance * 0.6)) {
    const at = atText(grammar);
    clauses.push(node("clause", ` @ ${at}`));
    pinnedOnGrid = false;
  }
  if (random.chance(0.5)) clauses.reverse();
  return { clauses, onGrid: pinnedOnGrid };
}

const offsets = ["1m", "5m", "30s", "7m", "1m30s", "12m", "13s"];

/** Half seconds: between the grids of subqueries, which are whole ones. */
function atText({ random, modern }: Grammar): string {
  if (random.chance(0.4)) return random.oneOf(["start()", "end()"]);
  const seconds = startSeconds + 3000 + random.below(endSeconds - startSeconds - 3000);
  return modern && random.chance(0.5) ? String(seconds - (seconds % 15)) : `${seconds}.5`;
}
