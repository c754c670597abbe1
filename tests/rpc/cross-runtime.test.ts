import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { dialThanos, type ThanosEndpoint } from "../../src/clients/thanos/dial-thanos.ts";
import { GatewayError } from "../../src/lib/errors.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { makeTemporaryFolder, removePath, writeTextFile } from "../../src/runtime/files.ts";
import { onDeno } from "../../src/runtime/process.ts";
import { createThrowawayAuthority } from "../../src/runtime/throwaway-certificates.ts";
import { createTestContext, labelRequest, seriesRequest } from "../support/memory-store.ts";
import { startProcess, type TestProcess } from "../support/processes.ts";
import { countRows, until } from "../support/store-api.ts";

const cross = suite(`client on ${onDeno ? "Deno" : "Node"}, server on ${onDeno ? "Node" : "Deno"}`);

const pathOf = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const program = pathOf(`node_modules/.bin/${onDeno ? "node" : "deno"}`);

let folder = "";
let child: TestProcess | undefined;
let endpoint: ThanosEndpoint;

cross.before(async () => {
  folder = await makeTemporaryFolder("sluice-cross-");
  const authority = await createThrowawayAuthority();
  const [server, client] = [
    await authority.issue({ commonName: "s" }),
    await authority.issue({ commonName: "c" }),
  ];
  const files = [`${folder}/ca.pem`, `${folder}/cert.pem`, `${folder}/key.pem`] as const;
  await writeTextFile(files[0], authority.caPem);
  await writeTextFile(files[1], server.certPem);
  await writeTextFile(files[2], server.keyPem);
  const started = await startProcess({
    name: "store",
    command: program,
    args: [...(onDeno ? [] : ["run", "-A"]), pathOf("tests/support/store-api-server.ts"), ...files],
    cwd: pathOf("."),
  });
  child = started;
  await until(() => started.output().includes("listening on ") || started.exitCode() !== undefined, 20_000);
  const address = /listening on (\S+)/.exec(started.output())?.[1];
  if (address === undefined) throw new Error(`the other runtime does not serve: ${started.output()}`);
  endpoint = dialThanos({
    address,
    tls: () => ({
      caPem: authority.caPem,
      pair: client,
      serverName: undefined,
      skipVerify: false,
      minVersion: "1.3",
    }),
  });
});

cross.after(async () => {
  await endpoint?.close();
  await child?.end();
  await removePath(folder);
});

const hasOther = existsSync(program);
if (!hasOther) console.log("not run: StoreAPI between Node and Deno, npm ci");
const run = hasOther ? cross : cross.skip;
const store = () =>
  endpoint.store(() => {
    throw new Error("not needed");
  });

run("Info, health and names arrive over mutual TLS", async () => {
  const info = await endpoint.fetchInfo(createTestContext());
  assert.equal(info.labelSets, [[{ name: "runtime", value: "other" }]]);
  assert.is(await endpoint.isServing(createTestContext()), true);
  assert.is((await store().labelNames(createTestContext(), labelRequest())).length, 2);
});

run("streams arrive whole, several at a time", async () => {
  const counts = await Promise.all(
    [1, 2, 3].map(() => countRows(store().series(createTestContext(), seriesRequest()))),
  );
  assert.equal(counts, [12_800, 12_800, 12_800]);
});

run("a cancel ends the stream over there", async () => {
  const before = await store().labelNames(createTestContext(), labelRequest());
  const batches = store().series(createTestContext(), seriesRequest())[Symbol.asyncIterator]();
  await batches.next();
  await batches.return?.();
  for (let i = 0; i < 100; i++) {
    const now = await store().labelNames(createTestContext(), labelRequest());
    if (now[1] !== before[1]) return;
    await systemClock.sleep(10);
  }
  throw new Error("the stream over there goes on");
});

run("a deadline is kept", async () => {
  const ctx = createTestContext({ deadlineMs: systemClock.nowMs() + 50 });
  try {
    await store().labelValues(ctx, { ...labelRequest(), label: "x" });
    throw new Error("did not end");
  } catch (error) {
    assert.instance(error, GatewayError);
    assert.is((error as GatewayError).code, "timeout");
  }
});

run("a connection that is retired there costs no call here", async () => {
  for (let i = 0; i < 20; i++) {
    await endpoint.fetchInfo(createTestContext());
    await systemClock.sleep(110);
  }
});

cross.run();
