import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createResolver, type Resolver } from "../../../src/discovery/dns/create-resolver.ts";
import type { DnsType } from "../../../src/discovery/dns/dns-message.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import {
  type AskedQuestion,
  aaaaRecord,
  aRecord,
  cnameRecord,
  type DnsResponder,
  encodeReply,
  rcodes,
  type ScriptedReply,
  srvRecord,
  startDnsResponder,
} from "../../support/dns-responder.ts";

const resolver = suite("resolver");
const opened: DnsResponder[] = [];
resolver.after.each(async () => {
  for (const responder of opened.splice(0)) await responder.close();
});

async function over(
  reply: (question: AskedQuestion) => ScriptedReply,
  ...conf: string[]
): Promise<{ readonly resolver: Resolver; readonly asked: AskedQuestion[] }> {
  const responder = await startDnsResponder(reply);
  opened.push(responder);
  const made = createResolver({ confPath: responder.conf(...conf), clock: systemClock });
  return { resolver: made, asked: responder.asked };
}

const never = new AbortController().signal;
const ask = async <T extends DnsType>(from: Resolver, name: string, type: T) =>
  (await from.lookup(name, [type], never))[type];

resolver("gives records with the shortest of their times to live", async () => {
  const { resolver } = await over(({ name }) => ({
    answers: [aRecord(name, "10.0.0.1", 60), aRecord(name, "10.0.0.2", 7)],
  }));
  const lookup = await ask(resolver, "store.example", "A");
  assert.is(lookup.kind, "found");
  if (lookup.kind !== "found") return;
  assert.is(lookup.ttlMs, 7_000);
  assert.equal(
    lookup.records.map((record) => "address" in record && record.address),
    ["10.0.0.1", "10.0.0.2"],
  );
});

resolver("tells apart why a name has no records", async () => {
  const told: Record<string, ScriptedReply> = {
    "nx.example": { rcode: rcodes.NXDOMAIN },
    "empty.example": { answers: [] },
    "broken.example": { rcode: rcodes.SERVFAIL },
    "private.example": { rcode: rcodes.REFUSED },
    "silent.example": "silence",
  };
  const { resolver } = await over(({ name }) => told[name] ?? "silence", "options timeout:1 attempts:1");
  const seen: Record<string, string> = {};
  for (const name of Object.keys(told)) {
    const lookup = await ask(resolver, name, "A");
    seen[name] = lookup.kind === "found" ? "found" : `${lookup.kind} ${lookup.code}`;
  }
  assert.equal(seen, {
    "nx.example": "absent NXDOMAIN",
    "empty.example": "absent NODATA",
    "broken.example": "failed SERVFAIL",
    "private.example": "failed REFUSED",
    "silent.example": "failed timeout",
  });
});

resolver("says which server gave which reason", async () => {
  const { resolver } = await over(() => ({ rcode: rcodes.SERVFAIL }));
  const lookup = await ask(resolver, "store.example", "A");
  assert.match(lookup.kind === "found" ? "" : lookup.reason, /^SERVFAIL from 127\.0\.0\.1:\d+$/);
});

resolver("asks again over TCP what does not fit a datagram", async () => {
  const many = Array.from({ length: 200 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  const { resolver, asked } = await over(({ name, over }) =>
    over === "udp"
      ? { answers: [aRecord(name, "10.9.9.9")], truncated: true }
      : { answers: many.map((ip) => aRecord(name, ip)) },
  );
  const lookup = await ask(resolver, "store.example", "A");
  assert.is(lookup.kind === "found" && lookup.records.length, 200);
  assert.equal(
    asked.map(({ over }) => over),
    ["udp", "tcp"],
  );
});

resolver("goes on to the next server where one refuses or does not answer", async () => {
  const good = await startDnsResponder(({ name }) => ({ answers: [aRecord(name, "10.0.0.1")] }));
  opened.push(good);
  for (const bad of ["silence", { rcode: rcodes.REFUSED }] as const) {
    const { resolver } = await over(() => bad, `nameserver [127.0.0.1]:${good.port}`, "options timeout:1");
    assert.is((await ask(resolver, "store.example", "A")).kind, "found");
  }
});

resolver("a server that was silent is asked last from then on", async () => {
  const good = await startDnsResponder(({ name }) => ({ answers: [aRecord(name, "10.0.0.1")] }));
  opened.push(good);
  const { resolver, asked } = await over(
    () => "silence",
    `nameserver [127.0.0.1]:${good.port}`,
    "options timeout:1",
  );
  for (let i = 0; i < 3; i++) await ask(resolver, "store.example", "A");
  assert.is(asked.length, 1);
  assert.is(good.asked.length, 3);
});

resolver("asks each server as often as resolv.conf says, no more", async () => {
  const { resolver, asked } = await over(() => ({ rcode: rcodes.SERVFAIL }), "options attempts:3");
  await ask(resolver, "store.example", "A");
  assert.is(asked.length, 3);
});

resolver(
  "passes over answers with a wrong id, of another question, and garbage, and takes the right one",
  async () => {
    const { resolver } = await over(({ packet, name }) => ({
      bytes: [
        new Uint8Array(0),
        new Uint8Array([1, 2, 3]),
        encodeReply(
          { ...packet, id: ((packet.id ?? 0) + 1) & 0xffff },
          { answers: [aRecord(name, "6.6.6.1")] },
        ),
        encodeReply(
          { ...packet, questions: [{ type: "A", name: "evil.example" }] },
          { answers: [aRecord("evil.example", "6.6.6.2")] },
        ),
        encodeReply({ ...packet, questions: [] }, { answers: [aRecord(name, "6.6.6.3")] }),
        encodeReply(packet, { answers: [aRecord("evil.example", "6.6.6.4"), aRecord(name, "10.0.0.1")] }),
      ],
    }));
    const lookup = await ask(resolver, "store.example", "A");
    assert.equal(lookup.kind === "found" && lookup.records.map((one) => "address" in one && one.address), [
      "10.0.0.1",
    ]);
  },
);

resolver("asks a server that does not know EDNS without it", async () => {
  const { resolver, asked } = await over(({ name, packet }) =>
    (packet.additionals ?? []).length > 0
      ? { rcode: rcodes.FORMERR }
      : { answers: [aRecord(name, "10.0.0.1")] },
  );
  assert.is((await ask(resolver, "store.example", "A")).kind, "found");
  assert.is(asked.length, 2);
});

resolver("follows aliases, those in the answer and those it has to ask for", async () => {
  const { resolver } = await over(({ name, type }) => {
    if (name === "a.example") {
      return { answers: [cnameRecord(name, "b.example", 9), cnameRecord("b.example", "c.example")] };
    }
    return { answers: name === "c.example" && type === "A" ? [aRecord("C.example", "10.0.0.1")] : [] };
  });
  assert.is((await ask(resolver, "A.example", "A")).kind, "found");
  const none = await ask(resolver, "a.example", "AAAA");
  assert.is(none.kind === "absent" && none.code, "NODATA");
});

resolver("an alias before an SRV record is followed", async () => {
  const { resolver } = await over(({ name }) => ({
    answers: [cnameRecord(name, "real.example"), srvRecord("real.example", "pod-0.example", 10901)],
  }));
  const lookup = await ask(resolver, "_grpc._tcp.store.example", "SRV");
  assert.is(lookup.kind === "found" && lookup.records[0]?.type, "SRV");
});

resolver("aliases that never end are a failure", async () => {
  const { resolver } = await over(({ name }) => ({ answers: [cnameRecord(name, `x${name}`)] }));
  const lookup = await ask(resolver, "a.example", "A");
  assert.is(lookup.kind === "failed" && lookup.reason, "more than 8 aliases in a row");
  const { resolver: looped } = await over(({ name }) => ({ answers: [cnameRecord(name, name)] }));
  assert.is((await ask(looped, "a.example", "A")).kind === "found", false);
});

resolver(
  "short names are tried in the search domains, names with enough dots as they are first",
  async () => {
    const { resolver, asked } = await over(
      ({ name }) =>
        name === "store.b.example" ? { answers: [aRecord(name, "10.0.0.1")] } : { rcode: rcodes.NXDOMAIN },
      "search a.example b.example",
      "options ndots:2",
    );
    assert.is((await ask(resolver, "store", "A")).kind, "found");
    assert.is((await ask(resolver, "one.two.three", "A")).kind, "absent");
    assert.is((await ask(resolver, "store.", "A")).kind, "absent");
    assert.equal(
      asked.map(({ name }) => name),
      [
        "store.a.example",
        "store.b.example",
        "one.two.three",
        "one.two.three.a.example",
        "one.two.three.b.example",
        "store",
      ],
    );
  },
);

resolver("a name that one search domain could not be asked for is not said to be absent", async () => {
  const { resolver } = await over(
    ({ name }) => ({ rcode: name === "store.a.example" ? rcodes.SERVFAIL : rcodes.NXDOMAIN }),
    "search a.example b.example",
  );
  const lookup = await ask(resolver, "store", "A");
  assert.is(lookup.kind === "failed" && lookup.code, "SERVFAIL");
});

resolver("both families of a name come from the same search domain", async () => {
  const { resolver } = await over(({ name, type }) => {
    if (name === "store.a.example") return { answers: type === "A" ? [aRecord(name, "10.0.0.1")] : [] };
    return { answers: type === "AAAA" ? [aaaaRecord(name, "fd00::1")] : [] };
  }, "search a.example b.example");
  const { A, AAAA } = await resolver.lookup("store", ["A", "AAAA"], never);
  assert.is(A.kind, "found");
  assert.is(AAAA.kind === "absent" && AAAA.code, "NODATA");
});

resolver("servers that are silent for one name are not asked for the next one", async () => {
  const { resolver, asked } = await over(
    () => "silence",
    "search a.example b.example c.example",
    "options timeout:1 attempts:1",
  );
  assert.is((await ask(resolver, "store", "A")).kind, "failed");
  assert.is(asked.length, 1);
});

resolver("a resolv.conf that cannot be read is a failure that names it", async () => {
  const made = createResolver({ confPath: "/nowhere/resolv.conf", clock: systemClock });
  const lookup = await ask(made, "store.example", "A");
  assert.is(lookup.kind === "failed" && lookup.reason, "cannot read /nowhere/resolv.conf: no such file");
});

resolver("stops at once where it is told to", async () => {
  const { resolver } = await over(() => "silence");
  const stop = new AbortController();
  const begun = Date.now();
  const lookup = resolver.lookup("store.example", ["A"], stop.signal).then(
    () => "answered",
    (reason: unknown) => reason,
  );
  setTimeout(() => stop.abort("enough"), 20);
  assert.is(await lookup, "enough");
  assert.ok(Date.now() - begun < 1_000);
});

resolver.run();
