import process from "node:process";
import { allFeatures, maxQueryBytes, parseQuery, stableFeatures } from "../../src/promql/syntax/parse.ts";
import { prettyExpr } from "../../src/promql/syntax/prettifier.ts";
import { printExpr } from "../../src/promql/syntax/printer.ts";

/** Queries as dashboards and alerts have them, from the shortest to a usual ratio; 31 bytes on average. */
const shortQueries = [
  "up",
  "1 + 1",
  'up{job="api"}',
  "topk(5, up offset 5m)",
  "max_over_time(foo[1h:5m])",
  "rate(http_requests_total[5m])",
  "sum(rate(a[5m])) / sum(rate(b[5m])) > 0.1",
  "histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))",
  'sum by (cluster) (rate(http_requests_total{job="api",code=~"5.."}[5m]))',
  "a * on (instance) group_left (version) build_info",
];

/** What fills a text of `size` bytes; each is broken or large in a way of its own. */
function hostileTexts(size: number): Readonly<Record<string, string>> {
  const fill = (part: string) => part.repeat(Math.ceil(size / part.length)).slice(0, size);
  return {
    "(((": fill("("),
    "a+a+": fill("a+"),
    "111": fill("1"),
    "{{{": fill("{"),
    "[[[": fill("["),
    "---": fill("-"),
    "sum(sum(": fill("sum("),
    "sum(a,a,": `sum(${fill("a,")}`.slice(0, size),
    "sum by (a,": `sum by (${fill("a,")}`.slice(0, size),
    "a[5m:][5m:]": `a${fill("[5m:]")}`.slice(0, size),
    "a[1+1+": `a[${fill("1+")}`.slice(0, size),
    "{a='b',": `{${fill("a='b',")}`.slice(0, size),
    "{a=~'b|": `{a=~'${fill("b|").slice(0, size - 8)}'}`,
    "{a=~'(a|b)*": `{a=~'${fill("(a|b)*").slice(0, size - 8)}'}`,
    "{a=~'\\pL": `{a=~'${fill("\\\\pL").slice(0, size - 8)}'}`,
    "'\\x41": `'${fill("\\x41").slice(0, (size - 8) & ~3)}'`,
    é: fill("é"),
    "\\n": fill("\n"),
    "#": fill("#\n"),
    " ": fill(" "),
  };
}

/** How many short queries are read in a second of CPU, and how much of it the worst texts take; all threads count. */
export function runParser(runs: number): void {
  console.log("\n## parser\n");
  const exprs = shortQueries.map((query) => {
    const { expr } = parseQuery(query, stableFeatures);
    if (expr === undefined) throw new Error(`a query of the benchmark is broken: ${query}`);
    return expr;
  });
  report("read and checked", runs, () => {
    for (const query of shortQueries) parseQuery(query, stableFeatures);
  });
  report("printed", runs, () => exprs.forEach(printExpr));
  report("laid out", runs, () => exprs.forEach(prettyExpr));
  for (const size of [10_000_000, maxQueryBytes]) reportWorst(size, runs);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Runs `body`, which takes every short query once, for a second at a time after one to warm up. */
function report(what: string, runs: number, body: () => void): void {
  const rates: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const startMs = cpuMs();
    let count = 0;
    while (cpuMs() - startMs < 1000) {
      for (let i = 0; i < 100; i++) body();
      count += 100 * shortQueries.length;
    }
    if (run > 0) rates.push((count * 1000) / (cpuMs() - startMs));
  }
  const [median = 0] = rates.sort((a, b) => a - b).slice(rates.length >> 1);
  console.log(`${what.padEnd(18)} ${Math.round(median).toLocaleString("en")} short queries a CPU second`);
}

function reportWorst(size: number, runs: number): void {
  const times = Object.entries(hostileTexts(size)).map(([name, text]) => {
    const each = Array.from({ length: runs }, () => {
      const startMs = cpuMs();
      parseQuery(text, allFeatures);
      return cpuMs() - startMs;
    });
    return { name, ms: each.sort((a, b) => a - b)[each.length >> 1] ?? 0 };
  });
  times.sort((a, b) => b.ms - a.ms);
  const worst = times.slice(0, 3).map(({ name, ms }) => `${name} ${ms.toFixed(1)} CPU ms`);
  console.log(`${(size / 1e6).toFixed(1)} MB of … `.padEnd(19) + worst.join(", "));
}
