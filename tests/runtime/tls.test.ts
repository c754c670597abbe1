import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../src/lib/errors.ts";
import { makeTemporaryFolder, removePath, writeTextFile } from "../../src/runtime/files.ts";
import { createThrowawayAuthority } from "../../src/runtime/throwaway-certificates.ts";
import { loadClientTls, loadServerTls, serverTlsOptions } from "../../src/runtime/tls.ts";

const tls = suite("TLS files");

const folder = await makeTemporaryFolder("sluice-tls-");
const authority = await createThrowawayAuthority();
const pair = await authority.issue({ commonName: "a" });
const other = await authority.issue({ commonName: "b" });
const file = (name: string) => `${folder}/${name}.pem`;
const cert = (name: string) => ({ flag: "--grpc-server-tls-cert", path: file(name) });
const key = (name: string) => ({ flag: "--grpc-server-tls-key", path: file(name) });
const ca = (name: string) => ({ flag: "--grpc-server-tls-client-ca", path: file(name) });

tls.before(async () => {
  await writeTextFile(file("cert"), pair.certPem);
  await writeTextFile(file("key"), pair.keyPem);
  await writeTextFile(file("other-key"), other.keyPem);
  await writeTextFile(file("ca"), authority.caPem);
  await writeTextFile(file("text"), "just text\n");
  await writeTextFile(file("broken-cert"), pair.certPem.replace(/\n.{8}/, "\nAAAAAAAA"));
  await writeTextFile(file("broken-key"), pair.keyPem.replace(/\n.{8}/, "\nAAAAAAAA"));
});
tls.after(() => removePath(folder));

async function failure(work: Promise<unknown>): Promise<GatewayError> {
  try {
    await work;
  } catch (error) {
    assert.instance(error, GatewayError);
    return error as GatewayError;
  }
  throw new Error("did not fail");
}
const server = (c: string, k: string, clientCa?: string) =>
  loadServerTls({
    cert: cert(c),
    key: key(k),
    clientCa: clientCa === undefined ? undefined : ca(clientCa),
    minVersion: "1.3",
  });

tls("a matching pair with a client authority loads and asks for client certificates", async () => {
  const loaded = await server("cert", "key", "ca");
  const options = serverTlsOptions(loaded);
  assert.is(options.requestCert, true);
  assert.is(options.rejectUnauthorized, true);
  assert.is(options.minVersion, "TLSv1.3");
});

tls("without a client authority no certificate is asked for", async () => {
  assert.is(serverTlsOptions(await server("cert", "key")).requestCert, false);
});

const badCases: readonly (readonly [title: string, run: () => Promise<unknown>, text: RegExp])[] = [
  [
    "a missing file",
    () => server("none", "key"),
    /Cannot read --grpc-server-tls-cert .*none\.pem: no such file/,
  ],
  [
    "a key of another certificate",
    () => server("cert", "other-key"),
    /Cannot use --grpc-server-tls-key .*other-key\.pem: it does not belong to the certificate of --grpc-server-tls-cert .*cert\.pem/,
  ],
  [
    "text instead of a certificate",
    () => server("text", "key"),
    /tls-cert .*text\.pem: it holds no certificate/,
  ],
  ["text instead of a key", () => server("cert", "text"), /tls-key .*text\.pem: it holds no private key/],
  [
    "a broken certificate",
    () => server("broken-cert", "key"),
    /broken-cert\.pem: it holds a broken certificate/,
  ],
  ["a broken key", () => server("cert", "broken-key"), /broken-key\.pem: it holds a broken private key/],
  ["a key as authority", () => server("cert", "key", "key"), /client-ca .*key\.pem: it holds no certificate/],
  [
    "a folder as authority",
    () =>
      loadClientTls({
        ca: { flag: "--grpc-client-tls-ca", path: folder },
        pair: undefined,
        serverName: undefined,
        skipVerify: false,
        minVersion: "1.3",
      }),
    /Cannot read --grpc-client-tls-ca .*: is a folder/,
  ],
];
for (const [title, run, text] of badCases) {
  tls(`${title} is refused with flag, file and reason`, async () => {
    const error = await failure(run());
    assert.is(error.code, "bad_data");
    assert.match(error.message, text);
  });
}

tls.run();
