/**
 * Random queries to a real Prometheus and to our gateway over a sidecar over the same one; the answers must be the same.
 *
 *   node tests/fuzz/run.ts [--seed N] [--budget 60s] [--queries N] [--from N] [--features floats,histograms,experimental,broken,delayed-name-removal]
 *                          [--no-annotations] [--shrink]
 *
 * Debian's Prometheus answers, or the 3.x that `PROMETHEUS_BINARY` names, of which every difference counts.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { parseDuration } from "../../src/model/duration.ts";
import { createApiClient } from "./ask-api.ts";
import { type FoundDifference, fuzz } from "./fuzz.ts";
import type { Feature } from "./grammar.ts";
import { findPrograms } from "./programs.ts";
import { textOf } from "./query-node.ts";
import { startPair } from "./start-pair.ts";

const { values: flags } = parseArgs({
  allowNegative: true,
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    budget: { type: "string", default: "60s" },
    queries: { type: "string", default: "1000000" },
    from: { type: "string", default: "0" },
    features: { type: "string", default: "floats,histograms,experimental,broken" },
    annotations: { type: "boolean", default: true },
    shrink: { type: "boolean", default: false },
  },
});
process.exit(await main());

async function main(): Promise<number> {
  const programs = findPrograms();
  if ("absent" in programs) {
    console.log(`not run: fuzz, ${programs.absent}`);
    return process.env.CI === "true" ? 1 : 0;
  }
  const { modern } = programs;
  const seed = Number(flags.seed);
  const features = new Set(flags.features.split(",") as Feature[]);
  const delayedNameRemoval = features.has("delayed-name-removal");
  const pair = await startPair({ programs, modern, delayedNameRemoval });
  const [gateway, prometheus] = [createApiClient(pair.gateway), createApiClient(pair.prometheus)];
  try {
    const tally = await fuzz({
      seed,
      from: Number(flags.from),
      queries: Number(flags.queries),
      budgetMs: parseDuration(flags.budget),
      features,
      annotations: modern && flags.annotations,
      shrink: flags.shrink,
      modern,
      gateway,
      prometheus,
      onDifference: report,
    });
    pair.checkAlive();
    for (const [{ name }, count] of tally.explained) console.log(`explained: ${count} × ${name}`);
    const { queries, differences, unstable, errors, empty } = tally;
    console.log(
      `of ${2 * queries} answers: ${errors} errors, ${empty} empty, ${unstable} that Prometheus varies`,
    );
    console.log(`fuzz: ${queries} queries, ${differences} differences, seed ${seed}`);
    return differences === 0 ? 0 : 1;
  } finally {
    gateway.close();
    prometheus.close();
    await pair.close();
  }
}

function report({ number, form, query, times, text, shrunk }: FoundDifference): void {
  const when =
    form === "instant" ? `at ${times.at}` : `from ${times.start} to ${times.end} step ${times.step}`;
  console.log(`DIFFERENCE ${number} ${form} ${when}\n  ${textOf(query)}\n  ${text}`);
  if (shrunk !== undefined) console.log(`  smallest: ${shrunk.query}\n  ${shrunk.text}`);
}
