import { createPrivateKey, type KeyObject, type X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import type { ConnectionOptions, SecureContextOptions, SecureVersion } from "node:tls";
import { GatewayError, messageOf } from "../lib/errors.ts";
import { isSignedByOneOf, parseCertificates, peerCertificates } from "./certificate-trust.ts";
import { fileErrorReason, readTextFile } from "./files.ts";
import { identityCheck } from "./peer-identity.ts";
import { onDeno } from "./process.ts";

/** A flag, or a key of the configuration file, and the file it names, so that errors can say both. */
export interface FlaggedFile {
  readonly flag: string;
  readonly path: string;
  /** `FILE:LINE:COLUMN` of the key: what errors begin with. */
  readonly place?: string | undefined;
}

/** Words of Thanos's `--grpc-server-tls-min-version`. */
export type TlsVersion = "1.0" | "1.1" | "1.2" | "1.3";

/** What a listener shows, and what it asks of its clients. All PEM. */
export interface ServerTls {
  readonly certPem: string;
  readonly keyPem: string;
  /** Set: clients must show a certificate of this authority, others are turned away in the handshake. */
  readonly clientCaPem: string | undefined;
  readonly minVersion: TlsVersion;
}

/** How a client makes sure whom it talks to, and what it shows. All PEM. */
export interface ClientTls {
  /** `undefined`: the system's authorities. */
  readonly caPem: string | undefined;
  readonly pair: { readonly certPem: string; readonly keyPem: string } | undefined;
  /** Name to ask for and to check instead of the address's host. */
  readonly serverName: string | undefined;
  readonly skipVerify: boolean;
  readonly minVersion: TlsVersion;
  /** Names of which the server's certificate must show one, instead of the name that was asked for. Empty for that name. */
  readonly san?: readonly string[] | undefined;
}

export interface ServerTlsFiles {
  readonly cert: FlaggedFile;
  readonly key: FlaggedFile;
  readonly clientCa: FlaggedFile | undefined;
  readonly minVersion: TlsVersion;
}

export interface ClientTlsFiles {
  readonly ca: FlaggedFile | undefined;
  readonly pair: { readonly cert: FlaggedFile; readonly key: FlaggedFile } | undefined;
  readonly serverName: string | undefined;
  readonly skipVerify: boolean;
  readonly minVersion: TlsVersion;
  readonly san?: readonly string[] | undefined;
}

/** Reads and checks what a listener needs. Throws GatewayError `bad_data` that names flag, file and reason. */
export async function loadServerTls(files: ServerTlsFiles): Promise<ServerTls> {
  const pair = await loadPair(files.cert, files.key);
  const clientCaPem = files.clientCa === undefined ? undefined : await loadAuthorities(files.clientCa);
  return { ...pair, clientCaPem, minVersion: files.minVersion };
}

/** Reads and checks what a client needs. Throws GatewayError `bad_data` that names flag, file and reason. */
export async function loadClientTls(files: ClientTlsFiles): Promise<ClientTls> {
  const { ca, pair, serverName, skipVerify, minVersion, san } = files;
  return {
    caPem: ca === undefined ? undefined : await loadAuthorities(ca),
    pair: pair === undefined ? undefined : await loadPair(pair.cert, pair.key),
    serverName,
    skipVerify,
    minVersion,
    san,
  };
}

/** Options for a TLS listener that speaks HTTP/2 and HTTP/1.1. */
export function serverTlsOptions(
  tls: ServerTls,
): SecureContextOptions & { readonly requestCert: boolean; readonly rejectUnauthorized: boolean } {
  const asksForCertificate = tls.clientCaPem !== undefined;
  return {
    cert: tls.certPem,
    key: tls.keyPem,
    ...(tls.clientCaPem === undefined ? {} : { ca: tls.clientCaPem }),
    ...versionOptions(tls.minVersion),
    requestCert: asksForCertificate,
    rejectUnauthorized: asksForCertificate,
  };
}

/** Options for a TLS connection to `host`. */
export function clientTlsOptions(
  tls: ClientTls,
): SecureContextOptions &
  Pick<ConnectionOptions, "servername" | "checkServerIdentity"> & { readonly rejectUnauthorized: boolean } {
  return {
    ...(tls.caPem === undefined ? {} : { ca: tls.caPem }),
    ...(tls.pair === undefined ? {} : { cert: tls.pair.certPem, key: tls.pair.keyPem }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    ...versionOptions(tls.minVersion),
    rejectUnauthorized: !tls.skipVerify,
    checkServerIdentity: identityCheck(tls.san ?? []),
  };
}

/** Whether the peer of a socket that was let in before would still be: one whose certificate cannot be seen would not. */
export function isStillTrusted(
  socket: Socket | undefined,
  tls: Pick<ClientTls, "caPem" | "skipVerify"> | undefined,
): boolean {
  if (tls === undefined || tls.caPem === undefined || tls.skipVerify) return true;
  return socket !== undefined && isSignedByOneOf(peerCertificates(socket), parseCertificates(tls.caPem));
}

const secureVersions: Readonly<Record<TlsVersion, SecureVersion>> = {
  "1.0": "TLSv1",
  "1.1": "TLSv1.1",
  "1.2": "TLSv1.2",
  "1.3": "TLSv1.3",
};

/** OpenSSL 3 speaks versions below 1.2 only at security level 0; Deno's rustls knows 1.2 and 1.3 only. */
function versionOptions(version: TlsVersion): SecureContextOptions {
  if (version === "1.2" || version === "1.3") return { minVersion: secureVersions[version] };
  if (onDeno) return { minVersion: "TLSv1.2" };
  return { minVersion: secureVersions[version], ciphers: "DEFAULT@SECLEVEL=0" };
}

async function loadPair(
  cert: FlaggedFile,
  key: FlaggedFile,
): Promise<{ readonly certPem: string; readonly keyPem: string }> {
  const [certPem, keyPem] = await Promise.all([readPem(cert), readPem(key)]);
  const certificate = certificatesOf(cert, certPem)[0];
  const privateKey = parseKey(key, keyPem);
  if (certificate?.checkPrivateKey(privateKey) !== true) {
    throw badFile(key, `does not belong to the certificate of ${cert.flag} ${cert.path}`);
  }
  return { certPem, keyPem };
}

async function loadAuthorities(file: FlaggedFile): Promise<string> {
  const pem = await readPem(file);
  certificatesOf(file, pem);
  return pem;
}

async function readPem(file: FlaggedFile): Promise<string> {
  try {
    return await readTextFile(file.path);
  } catch (error) {
    const reason = `${fileErrorReason(error)}${file.place === undefined ? "" : ", wants a file in PEM"}`;
    throw new GatewayError("bad_data", `${placeText(file)}Cannot read ${file.flag} ${file.path}: ${reason}`, {
      cause: error,
    });
  }
}

function certificatesOf(file: FlaggedFile, pem: string): readonly X509Certificate[] {
  let certificates: readonly X509Certificate[];
  try {
    certificates = parseCertificates(pem);
  } catch (error) {
    throw badFile(file, `holds a broken certificate (${messageOf(error)})`, error);
  }
  const begun = pem.match(/-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/g)?.length ?? 0;
  if (begun === 0) throw badFile(file, "holds no certificate, wants PEM");
  if (certificates.length < begun) throw badFile(file, "ends in the middle of a certificate");
  return certificates;
}

function parseKey(file: FlaggedFile, pem: string): KeyObject {
  if (!pem.includes("PRIVATE KEY-----")) throw badFile(file, "holds no private key, wants PEM");
  if (pem.includes("ENCRYPTED")) throw badFile(file, "is encrypted, wants a key without a passphrase");
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw badFile(file, `holds a broken private key (${messageOf(error)})`, error);
  }
}

function badFile(file: FlaggedFile, state: string, cause?: unknown): GatewayError {
  return new GatewayError("bad_data", `${placeText(file)}Cannot use ${file.flag} ${file.path}: it ${state}`, {
    cause,
  });
}

function placeText({ place }: FlaggedFile): string {
  return place === undefined ? "" : `${place}: `;
}
