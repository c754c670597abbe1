import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseDnsAddress } from "../../../src/config/dns-address.ts";
import { createDnsMetrics } from "../../../src/discovery/dns/dns-metrics.ts";
import { watchDns } from "../../../src/discovery/dns/dns-watch.ts";
import { createMetrics } from "../../../src/telemetry/create-metrics.ts";
import { noLog } from "../../../src/telemetry/log.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { createScriptedResolver, type Zone } from "../../support/scripted-resolver.ts";

const watch = suite("DNS watch");

function open(text: string, zone: Zone) {
  const clock = createManualClock(1_000_000);
  const registry = createMetrics();
  const resolver = createScriptedResolver(zone);
  const query = parseDnsAddress(text);
  if (query === undefined) throw new Error(`${text} is no DNS address`);
  const metrics = createDnsMetrics(registry, {
    clock,
    answers: () => [
      { text, kind: "endpoints", count: made.state().endpoints.length, lastGoodMs: made.state().lastGoodMs },
    ],
  });
  let looks = 0;
  const made = watchDns(query, "endpoints", {
    resolver,
    clock,
    log: noLog,
    metrics,
    intervalMs: 30_000,
    holdDownMs: 60_000,
    looked: () => looks++,
  });
  const advance = async (ms: number) => {
    clock.advance(ms);
    await clock.settle();
  };
  const seen = () =>
    made.state().endpoints.map(({ address, isLeaving }) => (isLeaving ? `(${address})` : address));
  return { made, clock, registry, resolver, advance, seen, looks: () => looks };
}

watch("knows nothing and says so before DNS has answered, and then what it answered", async () => {
  const { made, clock, seen } = open("dns+store:1", { store: ["A 10.0.0.1"] });
  assert.equal(made.state(), {
    endpoints: [],
    problem: { reason: "lookup store: no answer yet", sinceMs: 1_000_000 },
    isIncomplete: true,
    lastGoodMs: undefined,
  });
  await clock.settle();
  await made.settled;
  assert.equal([seen(), made.state().problem, made.state().isIncomplete], [["10.0.0.1:1"], undefined, false]);
  made.close();
});

watch("asks again after the interval, sooner where answers live shorter or there was none", async () => {
  for (const [line, againMs] of [
    ["A 10.0.0.1 ttl=600", 30_000],
    ["A 10.0.0.1 ttl=12", 12_000],
    ["A 10.0.0.1 ttl=0", 5_000],
    ["A SERVFAIL", 5_000],
    ["A NXDOMAIN", 5_000],
  ] as const) {
    const { made, clock, advance, looks } = open("dns+store:1", { store: [line] });
    await clock.settle();
    await advance(againMs - 1);
    assert.is(looks(), 1, line);
    await advance(1);
    assert.is(looks(), 2, line);
    made.close();
  }
});

watch("a failure keeps the last good answer for as long as it lasts, and its age is told", async () => {
  const zone: Zone = { store: ["A 10.0.0.1"] };
  const { made, clock, advance, seen, registry } = open("dns+store:1", zone);
  await clock.settle();
  zone.store = ["A SERVFAIL", "AAAA SERVFAIL"];
  for (let i = 0; i < 100; i++) await advance(30_000);
  assert.equal(seen(), ["10.0.0.1:1"]);
  const { problem, isIncomplete } = made.state();
  assert.equal(problem, { reason: "lookup store: SERVFAIL from 10.0.0.53:53", sinceMs: 1_030_000 });
  assert.is(isIncomplete, false);
  const text = await registry.scrape();
  assert.match(text, /^sluice_dns_answer_age_seconds\{addr="dns\+store:1"\} 3000$/m);
  assert.match(text, /^thanos_query_endpoints_dns_provider_results\{addr="dns\+store:1"\} 1$/m);
  for (const name of ["thanos_query_endpoints", "thanos_query_store_apis"]) {
    const count = (what: string) =>
      Number(new RegExp(`^${name}_dns_${what}_total (\\d+)$`, "m").exec(text)?.[1]);
    assert.is(count("lookups") - count("failures"), 1, name);
    assert.ok(count("failures") > 90, name);
  }
  assert.match(text, /^sluice_dns_problems_total\{reason="SERVFAIL"\} /m);
  made.close();
});

watch("an address that vanishes is held for a while, and stays when it comes back", async () => {
  const zone: Zone = { store: ["A 10.0.0.1 10.0.0.2"] };
  const { made, clock, advance, seen } = open("dns+store:1", zone);
  await clock.settle();
  zone.store = ["A 10.0.0.1"];
  await advance(30_000);
  assert.equal(seen(), ["10.0.0.1:1", "(10.0.0.2:1)"]);
  zone.store = ["A 10.0.0.1 10.0.0.2"];
  await advance(30_000);
  assert.equal(seen(), ["10.0.0.1:1", "10.0.0.2:1"]);
  zone.store = ["A 10.0.0.1"];
  await advance(30_000);
  await advance(30_000);
  assert.equal(seen(), ["10.0.0.1:1", "(10.0.0.2:1)"]);
  await advance(30_000);
  assert.equal(seen(), ["10.0.0.1:1"]);
  made.close();
});

watch("a name that is no more is a problem at once, and its addresses go after the hold-down", async () => {
  const zone: Zone = { store: ["A 10.0.0.1"] };
  const { made, clock, advance, seen, registry } = open("dns+store:1", zone);
  await clock.settle();
  delete zone.store;
  await advance(30_000);
  assert.equal(seen(), ["(10.0.0.1:1)"]);
  assert.equal(made.state().problem, { reason: "lookup store: NXDOMAIN", sinceMs: 1_030_000 });
  assert.is(made.state().isIncomplete, false);
  for (let i = 0; i < 12; i++) await advance(5_000);
  assert.equal(seen(), []);
  assert.is(made.state().isIncomplete, true);
  assert.is(made.state().problem?.sinceMs, 1_030_000);
  assert.is(made.state().lastGoodMs, 1_000_000);
  assert.match(await registry.scrape(), /^thanos_query_endpoints_dns_failures_total 0$/m);
  made.close();
});

watch("a set with a target that could never be asked is known in part", async () => {
  const zone: Zone = { srv: ["SRV a:1 b:2"], a: ["A 10.0.0.1"], b: ["A SERVFAIL", "AAAA SERVFAIL"] };
  const { made, clock, advance, seen } = open("dnssrv+srv", zone);
  await clock.settle();
  assert.equal([seen(), made.state().isIncomplete], [["10.0.0.1:1"], true]);
  zone.b = ["A 10.0.0.2"];
  await advance(5_000);
  assert.equal([seen(), made.state().isIncomplete], [["10.0.0.1:1", "10.0.0.2:2"], false]);
  made.close();
});

watch("a look that takes too long is given up, and the next one is tried", async () => {
  const zone: Zone = { store: "pending" };
  const { made, clock, advance, seen } = open("dns+store:1", zone);
  await clock.settle();
  await advance(30_000);
  assert.is(made.state().problem?.reason, "lookup store: no answer within 30s");
  zone.store = ["A 10.0.0.1"];
  await advance(5_000);
  assert.equal(seen(), ["10.0.0.1:1"]);
  made.close();
});

watch("a closed watch asks no more, also where it is in the middle of a look", async () => {
  const { made, clock, advance, resolver } = open("dns+store:1", { store: "pending" });
  await clock.settle();
  made.close();
  await made.settled;
  await advance(600_000);
  assert.is(resolver.asked.length, 1);
});

watch.run();
