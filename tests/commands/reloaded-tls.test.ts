import { mkdir, rename, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type CertificateFile, watchExpiry } from "../../src/commands/certificate-expiry.ts";
import { openReloaded } from "../../src/commands/reloaded-tls.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { makeTemporaryFolder, readTextFile, removePath, writeTextFile } from "../../src/runtime/files.ts";
import { createThrowawayAuthority } from "../../src/runtime/throwaway-certificates.ts";
import { createMetrics } from "../../src/telemetry/create-metrics.ts";
import type { Log } from "../../src/telemetry/log.ts";
import { createManualClock } from "../support/manual-clock.ts";

const reload = suite("reloaded TLS files");

const closers: (() => unknown)[] = [];
reload.after.each(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function recorded(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const add = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) =>
    void lines.push(`${level} ${message}${fields?.err === undefined ? "" : `: ${fields.err}`}`);
  const log: Log = {
    debug: add("debug"),
    info: add("info"),
    warn: add("warn"),
    error: add("error"),
    with: () => log,
  };
  return { log, lines };
}

/** A file whose text is a number; others cannot be used. */
async function openNumber(first: string, make = (file: string) => writeTextFile(file, first)) {
  const folder = await makeTemporaryFolder("sluice-reload-");
  closers.push(() => removePath(folder));
  const path = `${folder}/number`;
  await make(path);
  const clock = createManualClock();
  const { log, lines } = recorded();
  let reads = 0;
  const reloaded = await openReloaded({
    profile: "number",
    files: [{ path }, undefined],
    clock,
    log,
    async read() {
      reads++;
      const text = await readTextFile(path);
      if (!/^\d+$/.test(text)) throw new Error(`${JSON.stringify(text)} is no number`);
      return Number(text);
    },
  });
  closers.push(reloaded.close);
  /** Lets time go by, and files be read in it. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 1_000) {
      clock.advance(Math.min(left, 1_000));
      await systemClock.sleep(15);
    }
  };
  return { reloaded, path, lines, pass, reads: () => reads };
}

reload(
  "a file that was written anew is read again once it is at rest, and listeners hear of it",
  async () => {
    const { reloaded, path, pass, reads } = await openNumber("1");
    const heard: number[] = [];
    const stop = reloaded.onChange(() => heard.push(reloaded.current()));
    await pass(20_000);
    assert.is(reads(), 1);
    await writeTextFile(path, "22");
    await pass(5_000);
    assert.is(reloaded.current(), 1); // It may still be written to.
    await pass(8_000);
    assert.is(reloaded.current(), 22);
    stop();
    await writeTextFile(path, "333");
    await pass(15_000);
    assert.is(reloaded.current(), 333);
    assert.equal(heard, [22]);
  },
);

reload(
  "files that are replaced by a link to another folder, as Kubernetes does, are read again",
  async () => {
    const { reloaded, path, pass } = await openNumber("1", async (file) => {
      const folder = dirname(file);
      await mkdir(join(folder, "v1"));
      await mkdir(join(folder, "v2"));
      await writeTextFile(join(folder, "v1", "number"), "1");
      await writeTextFile(join(folder, "v2", "number"), "2");
      await symlink("v1", join(folder, "..data"));
      await symlink(join("..data", "number"), file);
    });
    const folder = dirname(path);
    await symlink("v2", join(folder, "..data_tmp"));
    await rename(join(folder, "..data_tmp"), join(folder, "..data"));
    await pass(15_000);
    assert.is(reloaded.current(), 2);
  },
);

reload("a file that cannot be used leaves the last good one, is said once, and is tried again", async () => {
  const { reloaded, path, lines, pass } = await openNumber("1");
  await writeTextFile(path, "half");
  await pass(30_000);
  assert.is(reloaded.current(), 1);
  assert.is(reloaded.isStale(), true);
  assert.equal(lines, [
    'error TLS files changed and cannot be used; what was there stays in use: "half" is no number',
  ]);
  await removePath(path);
  await pass(10_000);
  assert.is(lines.length, 2);
  assert.is(reloaded.current(), 1);
  await writeTextFile(path, "7");
  await pass(10_000);
  assert.is(reloaded.current(), 7);
  assert.is(reloaded.isStale(), false);
});

reload("what listeners throw keeps the last value in use", async () => {
  const { reloaded, path, pass } = await openNumber("1");
  reloaded.onChange(() => {
    if (reloaded.current() === 22) throw new Error("no 22 here");
  });
  await writeTextFile(path, "22");
  await pass(15_000);
  assert.is(reloaded.current(), 1);
  assert.is(reloaded.isStale(), true);
});

reload("a first file that cannot be used is an error", async () => {
  try {
    await openNumber("x");
  } catch (error) {
    assert.match(String(error), "is no number");
    return;
  }
  assert.unreachable();
});

reload(
  "certificates that end are warned of once a day from 14 days ahead, and their ends are a metric",
  async () => {
    const day = 24 * 3600_000;
    const authority = await createThrowawayAuthority();
    const { certPem } = await authority.issue({ commonName: "x", validMs: 20 * day });
    const chain: CertificateFile = { profile: "clusters/eu", path: "x.crt", pem: certPem, kind: "chain" };
    const endMs = Math.floor((Date.now() + 20 * day) / 1000) * 1000;
    const clock = createManualClock(Date.now());
    const { log, lines } = recorded();
    const metrics = createMetrics();
    closers.push(
      watchExpiry({ files: () => [chain, { ...chain, kind: "authorities" }], clock, log, metrics }),
    );
    clock.advance(5 * day);
    assert.equal(lines, []);
    clock.advance(2 * day);
    assert.is(lines.filter((line) => line === "warn a certificate ends soon").length, lines.length);
    const early = lines.length;
    assert.ok(early >= 1 && early <= 2, String(early));
    clock.advance(10 * day);
    assert.is(lines.length - early, 10);
    clock.advance(5 * day);
    assert.ok(lines.includes("warn a certificate has ended"));
    const found = /^sluice_tls_certificate_not_after_seconds\{.*\} (\S+)$/m.exec(await metrics.scrape());
    assert.ok(Math.abs(Number(found?.[1]) * 1000 - endMs) < 60_000, found?.[0]);
  },
);

reload.run();
