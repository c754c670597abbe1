import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createThrowawayAuthority } from "../../src/runtime/throwaway-certificates.ts";
import {
  ask,
  client,
  closeOpened,
  countOf,
  eu,
  files,
  type Gateway,
  leaf,
  metric,
  open,
  own,
  stateOf,
  until,
} from "../support/tls-clusters.ts";

const rotation = suite("rotated certificates of a gateway");
rotation.after.each(closeOpened);

rotation("half-written and mismatching files leave the last good ones in use", async () => {
  const made = await files();
  const { address } = await leaf("eu", eu);
  const config = made.write(
    "sluice.yml",
    `clusters:\n  - {name: eu, endpoints: ["${address}"], tls: {ca: eu.pem, ${client}}}\n`,
  );
  const gateway = await open(`--config-file=${config}`);
  const failed = async () => (await metric(gateway, "sluice_tls_reload_failed")).join("\n");
  const next = await own.issue({ commonName: "next" });
  for (const [name, text, reason] of [
    ["gateway.crt", next.certPem, "does not belong to the certificate"],
    ["gateway.crt", next.certPem.slice(0, 200), "ends in the middle of a certificate"],
    ["gateway.crt", "", "holds no certificate"],
    ["gateway.key", next.keyPem.slice(0, 100), "holds no certificate"],
    ["eu.pem", eu.caPem.slice(0, 200), "ends in the middle of a certificate"],
  ] as const) {
    const before = gateway.lines.length;
    made.write(name, text);
    const said = () => gateway.lines.slice(before).join("");
    if (name !== "gateway.key") await until(reason, () => said().includes(reason));
    assert.match(await failed(), /profile="clusters\/eu"\} 1/);
    assert.is(countOf(await ask(gateway)), "1");
  }
  made.write("eu.pem", eu.caPem);
  made.pair("gateway", next);
  await until("a good pair is used", async () => /\} 0$/.test(await failed()));
  assert.is(countOf(await ask(gateway)), "1");
});

rotation(
  "certificates, keys and authorities of both sides are rotated under load, and no query fails",
  async () => {
    const made = await files();
    const { address, server } = await leaf("eu", eu);
    const config = made.write(
      "sluice.yml",
      `clusters:\n  - {name: eu, endpoints: ["${address}"], strict: true, tls: {ca: eu.pem, ${client}}}\n`,
    );
    const gateway = await open(`--config-file=${config}`);
    const bad: string[] = [];
    let asked = 0;
    let isOver = false;
    const load = async () => {
      while (!isOver) {
        const answer = await ask(gateway);
        asked++;
        if (countOf(answer) !== "1") bad.push(JSON.stringify(answer));
        await sleep(5);
      }
    };
    const loads = [load(), load(), load()];
    const reloads = () => gateway.lines.filter((line) => line.includes("TLS files were read anew")).length;
    const rotated = async (change: () => void) => {
      const before = reloads();
      change();
      await until("files are read anew", () => reloads() > before);
    };
    const [nextEu, nextOwn] = await Promise.all([
      createThrowawayAuthority("next eu"),
      createThrowawayAuthority("next gateways"),
    ]);
    const shown = await eu.issue({ commonName: "eu" });
    const nextShown = await nextEu.issue({ commonName: "eu" });
    const both = `${own.caPem}\n${nextOwn.caPem}`;
    await rotated(() => made.write("eu.pem", `${eu.caPem}\n${nextEu.caPem}`));
    server.setTls({ ...shown, clientCaPem: both, minVersion: "1.3" });
    await sleep(100);
    server.setTls({ ...nextShown, clientCaPem: both, minVersion: "1.3" });
    const nextPair = await nextOwn.issue({ commonName: "gateway" });
    await rotated(() => made.pair("gateway", nextPair));
    await sleep(100);
    // The live sessions were made with what goes now: the server's certificate here, the gateway's there.
    await rotated(() => made.write("eu.pem", nextEu.caPem));
    server.setTls({ ...nextShown, clientCaPem: nextOwn.caPem, minVersion: "1.3" });
    await sleep(1_500);
    isOver = true;
    await Promise.all(loads);
    assert.equal(bad, []);
    assert.ok(asked > 50, `${asked} queries`);
  },
);

rotation("two gateways change all that they know of each other from files, and no query fails", async () => {
  const made = await files();
  const { address } = await leaf("lab", undefined);
  made.write("own.pem", own.caPem);
  made.pair("server", await eu.issue({ commonName: "lower" }));
  const lower = await open(
    `--endpoint=${address}`,
    `--grpc-server-tls-cert=${made.path}/server.crt`,
    `--grpc-server-tls-key=${made.path}/server.key`,
    `--grpc-server-tls-client-ca=${made.path}/own.pem`,
  );
  const config = made.write(
    "sluice.yml",
    `clusters:\n  - {name: eu, endpoints: ["${lower.grpcAddress}"], strict: true, tls: {ca: eu.pem, ${client}}}\n`,
  );
  const upper = await open(`--config-file=${config}`);
  const bad: string[] = [];
  let isOver = false;
  const load = async () => {
    while (!isOver) {
      const answer = await ask(upper);
      if (countOf(answer) !== "1") bad.push(JSON.stringify(answer));
      await sleep(5);
    }
  };
  const loads = [load(), load()];
  const rotated = async (gateway: Gateway, change: () => void) => {
    const reloads = () => gateway.lines.filter((line) => line.includes("TLS files were read anew")).length;
    const before = reloads();
    change();
    await until("files are read anew", () => reloads() > before);
  };
  const next = await createThrowawayAuthority("next");
  await rotated(upper, () => made.write("eu.pem", `${eu.caPem}\n${next.caPem}`));
  await rotated(lower, () => made.write("own.pem", `${own.caPem}\n${next.caPem}`));
  const [server, gateway] = await Promise.all([
    next.issue({ commonName: "lower" }),
    next.issue({ commonName: "gateway" }),
  ]);
  await rotated(lower, () => made.pair("server", server));
  await rotated(upper, () => made.pair("gateway", gateway));
  await rotated(lower, () => made.write("own.pem", next.caPem));
  await rotated(upper, () => made.write("eu.pem", next.caPem));
  await sleep(1_500);
  isOver = true;
  await Promise.all(loads);
  assert.equal(bad, []);
  // A gateway that still shows a certificate of the old authority is turned away.
  made.pair("old", await own.issue({ commonName: "old" }));
  const stale = made.write(
    "stale.yml",
    `clusters:\n  - {name: eu, endpoints: ["${lower.grpcAddress}"], tls: {ca: eu.pem, cert: old.crt, key: old.key}}\n`,
  );
  const { reason = "", state } = stateOf(await ask(await open(`--config-file=${stale}`)), "eu") ?? {};
  assert.is(state, "missing", reason);
});

rotation.run();
