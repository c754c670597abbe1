import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ClientTlsConfig } from "../../src/config/server-flags.ts";
import type { ClusterSource } from "../../src/discovery/cluster-source.ts";
import { createEndpointSdSource, readEndpointSdFile } from "../../src/discovery/endpoint-sd-source.ts";
import { createFileSdSource } from "../../src/discovery/file-sd-source.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { createMetrics } from "../../src/telemetry/create-metrics.ts";
import { type Log, noLog } from "../../src/telemetry/log.ts";

const files = suite("files of endpoints");
const opened: (() => void)[] = [];
files.after.each(() => {
  for (const close of opened.splice(0).reverse()) close();
});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-sd-"));
  opened.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a source declares, as names; and what it logs as errors. */
function follow(make: (log: Log) => ClusterSource) {
  const lines: string[] = [];
  const log: Log = {
    ...noLog,
    error: (message, fields) => lines.push(`${message} ${JSON.stringify(fields)}`),
  };
  const source = make(log);
  let names = "";
  let count = 0;
  opened.push(() => source.close());
  source.start((clusters) => {
    names = clusters.map(({ name }) => name).join(" ");
    count++;
  });
  const until = async (what: string, isTrue: () => boolean) => {
    const end = Date.now() + 8_000;
    while (!isTrue()) {
      if (Date.now() > end) throw new Error(`waited for ${what}, has ${names}, ${lines.join("; ")}`);
      await sleep(10);
    }
  };
  return {
    source,
    lines,
    names: () => names,
    count: () => count,
    has: (wanted: string) => until(wanted, () => names === wanted),
    logged: (wanted: string) => until(wanted, () => lines.some((line) => line.includes(wanted))),
  };
}

const fileSd = (pattern: string, intervalMs = 300_000) => {
  const metrics = createMetrics();
  const followed = follow((log) =>
    createFileSdSource({ patterns: [pattern], intervalMs, clock: systemClock, log, metrics }),
  );
  return { ...followed, metrics };
};
const target = (...addresses: string[]) => JSON.stringify([{ targets: addresses }]);

files("all files that fit a pattern are read, others are not", async () => {
  const folder = makeFolder();
  writeFileSync(join(folder, "tg_b.json"), target("b:1"));
  writeFileSync(join(folder, "tg_a.json"), target("a:1", "c:1"));
  writeFileSync(join(folder, "other.json"), target("x:1"));
  writeFileSync(join(folder, "tg_c.json.bak"), target("x:1"));
  const { source, names } = fileSd(join(folder, "tg_*.json"));
  await source.settled;
  assert.is(names(), "a:1 c:1 b:1");
});

files("files that are written, come and go are noticed without waiting for the interval", async () => {
  const folder = makeFolder();
  const path = (name: string) => join(folder, name);
  writeFileSync(path("a.json"), target("a:1"));
  const { has, source } = fileSd(join(folder, "*.json"));
  await source.settled;
  await has("a:1");
  writeFileSync(path("a.json"), target("a:2"));
  await has("a:2");
  writeFileSync(path("b.json"), target("b:1"));
  await has("a:2 b:1");
  unlinkSync(path("a.json"));
  await has("b:1");
  writeFileSync(path("b.tmp"), target("b:2"));
  renameSync(path("b.tmp"), path("b.json"));
  await has("b:2");
});

files("a ConfigMap's link that is moved is noticed", async () => {
  const folder = makeFolder();
  const swap = (version: string, text: string) => {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, "t.json"), text);
    symlinkSync(version, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
  };
  swap("..1", target("a:1"));
  symlinkSync("..data/t.json", join(folder, "t.json"));
  const { has } = fileSd(join(folder, "t.json"));
  await has("a:1");
  for (const version of [2, 3, 4]) {
    swap(`..${version}`, target(`a:${version}`));
    await has(`a:${version}`);
  }
});

files("a file that is written in two steps, emptied, or broken keeps what it said", async () => {
  const folder = makeFolder();
  const path = join(folder, "t.json");
  writeFileSync(path, target("a:1"));
  const { has, logged, names, count, metrics } = fileSd(path);
  await has("a:1");
  writeFileSync(path, "");
  await logged("t.json:1:1: it is empty, wants a list of targets");
  writeFileSync(path, '[{"targets": ["a:2"');
  await logged("t.json:1:");
  assert.equal([names(), count()], ["a:1", 1]);
  appendFileSync(path, "]}]");
  await has("a:2");
  const text = await metrics.scrape();
  assert.match(text, /^prometheus_sd_file_read_errors_total [1-9]/m);
});

files("a file that was broken from the start says nothing, until it is mended", async () => {
  const folder = makeFolder();
  const path = join(folder, "t.yml");
  writeFileSync(path, "- targets: [nowhere]\n");
  const { has, source, names, lines } = fileSd(path);
  await source.settled;
  assert.is(names(), "");
  assert.match(lines[0] ?? "", /t\.yml:1:13: Address nowhere is not of <host>:<port> format/);
  writeFileSync(path, "- targets: ['a:1']\n");
  await has("a:1");
});

files("a folder that comes later, or again, is found by the clock", async () => {
  const folder = join(makeFolder(), "later");
  const { has, source, lines } = fileSd(join(folder, "*.json"), 50);
  await source.settled;
  assert.match(lines[0] ?? "", /no such file/);
  mkdirSync(folder);
  writeFileSync(join(folder, "t.json"), target("a:1"));
  await has("a:1");
  renameSync(folder, `${folder}-old`);
  mkdirSync(folder);
  writeFileSync(join(folder, "t.json"), target("a:2"));
  await has("a:2");
});

const plain: ClientTlsConfig = {
  secure: false,
  skipVerify: false,
  certFile: undefined,
  keyFile: undefined,
  caFile: undefined,
  serverName: undefined,
  minVersion: "1.3",
};

files(
  "an endpoint config is read anew, a broken one or one that cannot be prepared keeps what it said",
  async () => {
    const folder = makeFolder();
    const path = join(folder, "sd.yml");
    const write = (text: string) => writeFileSync(path, text);
    write("endpoints: [{address: 'a:1'}]");
    const first = await readEndpointSdFile(path, plain);
    let isBad = false;
    const { has, logged, names } = follow((log) =>
      createEndpointSdSource(first, {
        path,
        intervalMs: 300_000,
        tls: plain,
        clock: systemClock,
        log,
        async prepare() {
          if (isBad) throw new Error("no such certificate");
        },
      }),
    );
    await has("a:1");
    write("endpoints: [{address: 'b:1'}]");
    await has("b:1");
    write("endpoints: [{adress: 'c:1'}]");
    await logged("sd.yml:1:14: endpoints[0].adress is not known here");
    isBad = true;
    write("endpoints: [{address: 'd:1'}]");
    await logged("no such certificate");
    assert.is(names(), "b:1");
    isBad = false;
    write("endpoints: [{address: 'e:1'}]");
    await has("e:1");
  },
);

files("an endpoint config that is not there is an error that names the flag and the file", async () => {
  const error = await readEndpointSdFile("/nowhere/sd.yml", plain).catch((reason: unknown) => String(reason));
  assert.match(String(error), "Cannot read --endpoint.sd-config-file /nowhere/sd.yml: no such file");
});

files.run();
