import { type Answer, decode, encode } from "dns-packet";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createResolver } from "../../../src/discovery/dns/create-resolver.ts";
import {
  type DnsQuestion,
  decodeAnswer,
  encodeQuestion,
  isDnsName,
} from "../../../src/discovery/dns/dns-message.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import {
  aaaaRecord,
  aRecord,
  cnameRecord,
  encodeReply,
  srvRecord,
  startDnsResponder,
} from "../../support/dns-responder.ts";
import { everySeed } from "../../support/seeded-random.ts";

const message = suite("DNS messages");
const question: DnsQuestion = { name: "_grpc._tcp.store.example", type: "SRV" };
const id = 0xbeef;

const records: readonly Answer[] = [
  cnameRecord(question.name, "real.example"),
  srvRecord("real.example", "pod-0.example", 10901),
  aRecord("pod-0.example", "10.0.0.1"),
  aaaaRecord("pod-0.example", "fd00::1"),
  { type: "TXT", name: "real.example", data: "x" },
];
const asked = { id, questions: [{ ...question, class: "IN" as const }] };
const reply = (more: Partial<Parameters<typeof encodeReply>[1]> = {}) =>
  Buffer.from(encodeReply(asked, { answers: records, ...more }));

message("a question asks for what it is told to, and whether more than 512 bytes may come", () => {
  const packet = decode(Buffer.from(encodeQuestion(question, id, true)));
  assert.is(packet.id, id);
  assert.equal(packet.questions, [{ name: question.name, type: "SRV", class: "IN" }]);
  const [opt] = packet.additionals ?? [];
  assert.is(opt !== undefined && "udpPayloadSize" in opt && opt.udpPayloadSize, 1232);
  assert.equal(decode(Buffer.from(encodeQuestion(question, id, false))).additionals, []);
});

message("an answer's records are read, names in lower case", () => {
  const answer = decodeAnswer(reply(), question, id);
  assert.equal(answer?.records, [
    { type: "CNAME", name: question.name, ttlS: 60, target: "real.example" },
    { type: "SRV", name: "real.example", ttlS: 60, target: "pod-0.example", port: 10901 },
    { type: "A", name: "pod-0.example", ttlS: 60, address: "10.0.0.1" },
    { type: "AAAA", name: "pod-0.example", ttlS: 60, address: "fd00::1" },
  ]);
  for (const [rcode, name] of ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"].entries())
    assert.is(decodeAnswer(reply({ rcode }), question, id)?.rcode, name);
  assert.is(decodeAnswer(reply({ rcode: 15 }), question, id)?.rcode, "RCODE15");
});

message("what answers another question, or is a question, is no answer", () => {
  assert.is(decodeAnswer(reply(), question, id ^ 1), undefined);
  assert.is(decodeAnswer(reply(), { ...question, type: "A" }, id), undefined);
  assert.is(decodeAnswer(reply(), { ...question, name: "x.example" }, id), undefined);
  assert.is(decodeAnswer(Buffer.from(encode({ ...asked, type: "query" })), question, id), undefined);
  const unasked = Buffer.from(encodeReply({ id, questions: [] }, { answers: records }));
  assert.is(decodeAnswer(unasked, question, id), undefined);
  const refused = Buffer.from(encodeReply({ id, questions: [] }, { rcode: 5 }));
  assert.is(decodeAnswer(refused, question, id)?.rcode, "REFUSED");
});

message("an answer that is cut anywhere is no answer", () => {
  const whole = Buffer.from(encodeReply(asked, { answers: [aRecord(question.name, "10.0.0.1")] }));
  assert.is(decodeAnswer(whole, question, id)?.records.length, 1);
  for (let end = 0; end < whole.length; end++)
    assert.is(decodeAnswer(whole.subarray(0, end), question, id), undefined, `${end} of ${whole.length}`);
});

message("names that DNS could not know are told apart", () => {
  for (const name of ["a", "_grpc._tcp.x.example", "a.b.", `${"x".repeat(63)}.y`])
    assert.ok(isDnsName(name), name);
  for (const name of ["", ".", "a..b", "a b", "ä", `${"x".repeat(64)}.y`, "x.".repeat(130)])
    assert.not(isDnsName(name), name);
});

message("no bytes make the reader fail: random ones, cut ones, changed ones", async () => {
  const whole = reply();
  let read = 0;
  await everySeed(60, (random) => {
    for (let i = 0; i < 100; i++) {
      let bytes = Buffer.from(whole);
      const kind = random.below(4);
      if (kind === 0) bytes = Buffer.from(Array.from({ length: random.below(600) }, () => random.below(256)));
      if (kind === 1) bytes = bytes.subarray(0, random.below(bytes.length));
      for (let changes = random.below(6); changes > 0 && bytes.length > 0; changes--)
        bytes[random.below(bytes.length)] = random.below(256);
      // Most are to get past the header.
      if (kind > 1) bytes.writeUInt16BE(id, 0);
      const answer = decodeAnswer(bytes, question, id);
      if (answer !== undefined) read++;
      for (const record of answer?.records ?? []) assert.ok(record.ttlS >= 0);
    }
  });
  assert.ok(read > 100, `${read}`);
});

message("a server that answers with garbage alone is a time-out, and the next question works", async () => {
  let isGood = false;
  await everySeed(1, async (random) => {
    const responder = await startDnsResponder(({ packet, name }) => {
      if (isGood) return { answers: [aRecord(name, "10.0.0.1")] };
      const good = Buffer.from(encodeReply(packet, { answers: [aRecord(name, "10.0.0.1")] }));
      return {
        bytes: Array.from({ length: 500 }, () => {
          if (random.chance(0.5)) return good.subarray(0, random.below(good.length));
          return Buffer.from(Array.from({ length: random.below(600) }, () => random.below(256)));
        }),
      };
    });
    try {
      const confPath = responder.conf("options timeout:1 attempts:1");
      const resolver = createResolver({ confPath, clock: systemClock });
      const look = async () =>
        (await resolver.lookup("store.example", ["A"], new AbortController().signal)).A;
      const first = await look();
      assert.is(first.kind === "failed" && first.code, "timeout");
      isGood = true;
      assert.is((await look()).kind, "found");
    } finally {
      await responder.close();
    }
  });
});

message.run();
