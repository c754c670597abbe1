import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseDnsAddress } from "../../../src/config/dns-address.ts";
import { createResolver } from "../../../src/discovery/dns/create-resolver.ts";
import { createDnsMetrics } from "../../../src/discovery/dns/dns-metrics.ts";
import { watchDns } from "../../../src/discovery/dns/dns-watch.ts";
import { resolveAddress } from "../../../src/discovery/dns/resolve-address.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { noLog } from "../../../src/telemetry/log.ts";
import { noMetrics } from "../../../src/telemetry/metrics.ts";
import { debianDnsmasq, libraryFolders, peerOrNotRun } from "../../support/peers.ts";
import { freePorts } from "../../support/ports.ts";
import { startProcess, type TestProcess } from "../../support/processes.ts";

/** Our resolver and a real DNS server. */
const dnsmasq = suite("dnsmasq");
const peer = peerOrNotRun("DNS of dnsmasq", debianDnsmasq);
const opened: (() => Promise<void> | void)[] = [];
dnsmasq.after.each(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** A server that knows what its flags say of `.test`, and its resolv.conf. */
async function serve(program: string, port: number, ...flags: readonly string[]): Promise<TestProcess> {
  const child = await startProcess({
    name: "dnsmasq",
    command: program,
    args: [
      "--keep-in-foreground",
      "--conf-file=/dev/null",
      "--no-hosts",
      "--no-resolv",
      "--pid-file=",
      "--user=",
      "--log-facility=-",
      `--port=${port}`,
      "--listen-address=127.0.0.1",
      "--bind-interfaces",
      "--local=/test/",
      "--local-ttl=7",
      ...flags,
    ],
    env: { LD_LIBRARY_PATH: libraryFolders(debianDnsmasq) },
  });
  opened.push(async () => {
    await child.end();
  });
  const end = Date.now() + 10_000;
  while (!child.output().includes("started")) {
    if (child.exitCode() !== undefined || Date.now() > end) throw new Error(`dnsmasq:\n${child.output()}`);
    await sleep(20);
  }
  return child;
}

function confOf(port: number, ...more: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-dnsmasq-"));
  opened.push(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "resolv.conf");
  writeFileSync(
    path,
    [`nameserver [127.0.0.1]:${port}`, "options timeout:2 attempts:1", ...more, ""].join("\n"),
  );
  return path;
}

async function look(confPath: string, text: string): Promise<readonly string[]> {
  const query = parseDnsAddress(text);
  if (query === undefined) throw new Error(`${text} is no DNS address`);
  const resolver = createResolver({ confPath, clock: systemClock });
  const { signal } = new AbortController();
  const resolution = await resolveAddress(query, resolver, { memory: new Map(), signal });
  if (resolution.kind === "unresolved") return [resolution.problem.reason];
  assert.is(resolution.ttlMs, 7_000);
  return [
    ...resolution.endpoints.map(({ address }) => address).sort(),
    ...resolution.problems.map(({ reason }) => reason),
  ];
}

if (peer !== undefined) {
  dnsmasq("each form of an address, names that are not there, and short names", async () => {
    const [port = 0] = await freePorts(1);
    await serve(
      peer.dnsmasq,
      port,
      "--host-record=pod-0.test,10.0.0.1",
      "--host-record=pod-1.test,10.0.0.2,fd00::2",
      "--srv-host=_grpc._tcp.store.test,pod-0.test,10901",
      "--srv-host=_grpc._tcp.store.test,pod-1.test,10902",
      "--srv-host=_grpc._tcp.store.test,gone.test,10903",
      "--cname=alias.test,pod-0.test",
    );
    const conf = confOf(port, "search test");
    assert.equal(await look(conf, "dns+pod-0.test:1"), ["10.0.0.1:1"]);
    assert.equal(await look(conf, "dns+pod-1.test:1"), ["[fd00::2]:1"]);
    assert.equal(await look(conf, "dnsdualstack+pod-1.test:1"), ["10.0.0.2:1", "[fd00::2]:1"]);
    assert.equal(await look(conf, "dns+alias.test:1"), ["10.0.0.1:1"]);
    assert.equal(await look(conf, "dns+pod-0:1"), ["10.0.0.1:1"]);
    assert.equal(await look(conf, "dnssrv+_grpc._tcp.store.test"), [
      "10.0.0.1:10901",
      "[fd00::2]:10902",
      "lookup gone.test: NXDOMAIN",
    ]);
    assert.equal(await look(conf, "dnssrvnoa+_grpc._tcp.store.test"), [
      "gone.test:10903",
      "pod-0.test:10901",
      "pod-1.test:10902",
    ]);
    assert.equal(await look(conf, "dnssrv+_grpc._tcp.none.test"), ["lookup _grpc._tcp.none.test: NXDOMAIN"]);
    assert.equal(await look(conf, "dnssrv+pod-0.test"), [
      "lookup pod-0.test: NODATA, the name has no SRV record",
    ]);
    // It knows nobody to ask for other names.
    assert.match((await look(conf, "dns+store.example.:1"))[0] ?? "", /REFUSED from 127\.0\.0\.1/);
  });

  dnsmasq("a set that does not fit a datagram comes over TCP", async () => {
    const [port = 0] = await freePorts(1);
    const pods = Array.from({ length: 150 }, (_, i) => `pod-with-a-name-that-is-long-${i}.test`);
    await serve(
      peer.dnsmasq,
      port,
      "--edns-packet-max=512",
      ...pods.map((pod) => `--srv-host=_grpc._tcp.many.test,${pod},10901`),
    );
    assert.is((await look(confOf(port), "dnssrvnoa+_grpc._tcp.many.test")).length, 150);
  });

  dnsmasq(
    "a server that flaps loses no address, one that forgets them does after the hold-down",
    async () => {
      const [port = 0] = await freePorts(1);
      const clockOffset = { ms: 0 };
      const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + clockOffset.ms };
      const query = parseDnsAddress("dnssrv+_grpc._tcp.store.test");
      if (query === undefined) throw new Error("no DNS address");
      const known = ["--host-record=pod.test,10.0.0.1", "--srv-host=_grpc._tcp.store.test,pod.test,10901"];
      const first = await serve(peer.dnsmasq, port, ...known);
      const reasons: string[] = [];
      // Looks a hundred times as often as it would.
      const fast = { ...clock, after: (ms: number, task: () => void) => clock.after(ms / 100, task) };
      const watch = watchDns(query, "endpoints", {
        resolver: createResolver({ confPath: confOf(port), clock: systemClock }),
        clock: fast,
        log: noLog,
        metrics: createDnsMetrics(noMetrics, { clock, answers: () => [] }),
        intervalMs: 5_000,
        holdDownMs: 60_000,
        looked: () => reasons.push(watch.state().problem?.reason ?? "fine"),
      });
      opened.push(watch.close);
      const until = async (isTrue: () => boolean) => {
        const end = Date.now() + 15_000;
        while (!isTrue()) {
          if (Date.now() > end) throw new Error(`${JSON.stringify(watch.state())} after ${reasons.at(-1)}`);
          await sleep(20);
        }
      };
      const seen = () =>
        watch
          .state()
          .endpoints.map(({ address, isLeaving }) => `${address} ${isLeaving}`)
          .join();
      await until(() => seen() === "10.0.0.1:10901 false");
      await first.end();
      await until(() => /no answer|nobody listens/.test(reasons.at(-1) ?? ""));
      assert.is(seen(), "10.0.0.1:10901 false");
      const second = await serve(peer.dnsmasq, port);
      await until(() => reasons.at(-1) === "lookup _grpc._tcp.store.test: NXDOMAIN");
      assert.is(seen(), "10.0.0.1:10901 true");
      await second.end();
      const third = await serve(peer.dnsmasq, port, ...known);
      await until(() => seen() === "10.0.0.1:10901 false");
      await third.end();
      await serve(peer.dnsmasq, port);
      await until(() => seen() === "10.0.0.1:10901 true");
      clockOffset.ms = 60_000;
      await until(() => seen() === "");
    },
  );
}

dnsmasq.run();
