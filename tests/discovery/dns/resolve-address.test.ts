import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseDnsAddress } from "../../../src/config/dns-address.ts";
import { type HostMemory, resolveAddress } from "../../../src/discovery/dns/resolve-address.ts";
import { createScriptedResolver, type Zone } from "../../support/scripted-resolver.ts";

const forms = suite("DNS forms");

/** Addresses, then problems, of one look. */
async function look(text: string, zone: Zone, memory: HostMemory = new Map()): Promise<readonly string[]> {
  const query = parseDnsAddress(text);
  if (query === undefined) throw new Error(`${text} is no DNS address`);
  const { signal } = new AbortController();
  const resolution = await resolveAddress(query, createScriptedResolver(zone), { memory, signal });
  if (resolution.kind === "unresolved") return [`! ${resolution.problem.reason}`];
  return [
    ...resolution.endpoints.map(({ address, host }) => `${address} of ${host}`),
    ...resolution.problems.map(({ reason, isCovered }) => `! ${reason}${isCovered ? " (covered)" : ""}`),
  ];
}

const pods: Zone = {
  "_grpc._tcp.store": ["SRV pod-1:10902 pod-0:10901"],
  "pod-0": ["A 10.0.0.1"],
  "pod-1": ["A 10.0.0.2"],
};

forms("dns: each address of a host, the port as given", async () => {
  assert.equal(await look("dns+store:10901", { store: ["A 10.0.0.2 10.0.0.1"] }), [
    "10.0.0.1:10901 of store",
    "10.0.0.2:10901 of store",
  ]);
});

forms("dns: one family counts, AAAA where there is any", async () => {
  const both: Zone = { store: ["A 10.0.0.1", "AAAA fd00::1"] };
  assert.equal(await look("dns+store:1", both), ["[fd00::1]:1 of store"]);
  assert.equal(await look("dns+store:1", { store: ["A 10.0.0.1", "AAAA SERVFAIL"] }), [
    "10.0.0.1:1 of store",
  ]);
});

forms("dns: while AAAA cannot be asked a host stays with the family that it had", async () => {
  const memory: HostMemory = new Map();
  await look("dns+store:1", { store: ["A 10.0.0.1", "AAAA fd00::1"] }, memory);
  assert.equal(await look("dns+store:1", { store: ["A 10.0.0.1", "AAAA SERVFAIL"] }, memory), [
    "! lookup store: SERVFAIL from 10.0.0.53:53",
  ]);
  assert.equal(await look("dns+store:1", { store: ["A 10.0.0.1"] }, memory), ["10.0.0.1:1 of store"]);
});

forms("dns: an address is taken as it is", async () => {
  assert.equal(await look("dns+127.0.0.1:1", {}), ["127.0.0.1:1 of 127.0.0.1"]);
  assert.equal(await look("dns+[::1]:1", {}), ["[::1]:1 of ::1"]);
});

forms("dnsdualstack: both families, AAAA first; one that cannot be asked keeps what it had", async () => {
  const memory: HostMemory = new Map();
  const both = ["[fd00::1]:1 of store", "10.0.0.1:1 of store"];
  assert.equal(await look("dnsdualstack+store:1", { store: ["A 10.0.0.1", "AAAA fd00::1"] }, memory), both);
  assert.equal(await look("dnsdualstack+store:1", { store: ["A 10.0.0.1", "AAAA SERVFAIL"] }, memory), both);
  assert.equal(await look("dnsdualstack+store:1", { store: ["A 10.0.0.1"] }, memory), [
    "10.0.0.1:1 of store",
  ]);
  assert.equal(await look("dnsdualstack+store:1", {}, memory), ["! lookup store: NXDOMAIN"]);
});

forms("dnssrv: addresses of the targets, with their ports or the one given", async () => {
  assert.equal(await look("dnssrv+_grpc._tcp.store", pods), [
    "10.0.0.2:10902 of pod-1",
    "10.0.0.1:10901 of pod-0",
  ]);
  assert.equal(await look("dnssrv+_grpc._tcp.store:9", pods), ["10.0.0.2:9 of pod-1", "10.0.0.1:9 of pod-0"]);
});

forms("dnssrvnoa: the targets themselves", async () => {
  assert.equal(await look("dnssrvnoa+_grpc._tcp.store", pods), [
    "pod-1:10902 of pod-1",
    "pod-0:10901 of pod-0",
  ]);
});

forms("a bad target of an SRV set sinks nothing, and is told", async () => {
  for (const [code, text] of [
    ["NXDOMAIN", "NXDOMAIN"],
    ["SERVFAIL", "SERVFAIL from 10.0.0.53:53"],
  ]) {
    assert.equal(await look("dnssrv+_grpc._tcp.store", { ...pods, "pod-1": [`A ${code}`, `AAAA ${code}`] }), [
      "10.0.0.1:10901 of pod-0",
      `! lookup pod-1: ${text}`,
    ]);
  }
});

forms("a target that cannot be asked keeps its addresses, one that is gone does not", async () => {
  const memory: HostMemory = new Map();
  await look("dnssrv+_grpc._tcp.store", pods, memory);
  const broken = { ...pods, "pod-1": ["A timeout", "AAAA timeout"] };
  assert.equal(await look("dnssrv+_grpc._tcp.store", broken, memory), [
    "10.0.0.2:10902 of pod-1",
    "10.0.0.1:10901 of pod-0",
    "! lookup pod-1: timeout from 10.0.0.53:53 (covered)",
  ]);
  const gone = { ...pods, "pod-1": ["A NXDOMAIN", "AAAA NXDOMAIN"] };
  for (const zone of [gone, broken])
    assert.is(
      (await look("dnssrv+_grpc._tcp.store", zone, memory)).filter((line) => !line.startsWith("!")).length,
      1,
    );
});

forms("what is known of targets goes with them", async () => {
  const memory: HostMemory = new Map();
  await look("dnssrv+_grpc._tcp.store", pods, memory);
  assert.equal([...memory.keys()], ["pod-1.", "pod-0."]);
  await look("dnssrv+_grpc._tcp.store", { ...pods, "_grpc._tcp.store": ["SRV pod-0:1"] }, memory);
  assert.equal([...memory.keys()], ["pod-0."]);
});

forms("targets are full names, and `.` says that there is no service", async () => {
  const query = parseDnsAddress("dnssrv+_grpc._tcp.store");
  if (query === undefined) throw new Error("no address");
  const resolver = createScriptedResolver(pods);
  await resolveAddress(query, resolver, { memory: new Map(), signal: new AbortController().signal });
  assert.equal(resolver.asked, ["_grpc._tcp.store SRV", "pod-1. A,AAAA", "pod-0. A,AAAA"]);
  assert.equal(await look("dnssrv+_grpc._tcp.store", { "_grpc._tcp.store": ["SRV .:0"] }), []);
});

forms("a name with more addresses than any fleet is cut, and said to be", async () => {
  const many = Array.from({ length: 1_001 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  const host = await look("dns+x:1", { x: [`A ${many.join(" ")}`] });
  assert.equal([host.length, host.at(-1)], [1_001, "! lookup x: more than 1000 addresses"]);
  const targets = many.map((_, i) => `pod-${i}:1`).join(" ");
  const names = await look("dnssrvnoa+x", { x: [`SRV ${targets}`] });
  assert.equal([names.length, names.at(-1)], [1_001, "! lookup x: more than 1000 targets"]);
});

forms("a name without an answer says which name and why", async () => {
  assert.equal(await look("dnssrv+_grpc._tcp.x", {}), ["! lookup _grpc._tcp.x: NXDOMAIN"]);
  assert.equal(await look("dns+x:1", { x: ["A REFUSED"] }), ["! lookup x: REFUSED from 10.0.0.53:53"]);
});

forms("what is no DNS address is refused in words", () => {
  assert.is(parseDnsAddress("store:10901"), undefined);
  for (const [text, wanted] of [
    ["dns+store", "missing port in address given for dns lookup: store"],
    ["dnsdualstack+store", "missing port in address given for dnsdualstack lookup: store"],
    ["dns+:1", "Address dns+:1 is not of <host>:<port> format or a valid DNS query."],
    ["dns+store:99999", "Address dns+store:99999 is not of <host>:<port> format or a valid DNS query."],
    [
      "dnssrv+http://store",
      "Address dnssrv+http://store is not of <host>:<port> format or a valid DNS query.",
    ],
  ] as const)
    assert.throws(
      () => parseDnsAddress(text),
      (error: Error) => error.message === wanted,
    );
});

forms.run();
