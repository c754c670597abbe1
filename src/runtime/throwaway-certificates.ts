import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { systemClock } from "./clock.ts";

/** A certificate and its private key (PKCS #8), both PEM. */
export interface CertificatePair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** What to put into an issued certificate. It is good as server and as client. */
export interface CertificateRequest {
  readonly commonName: string;
  /** Default `localhost`. */
  readonly dnsNames?: readonly string[];
  /** Default `127.0.0.1`. */
  readonly ipAddresses?: readonly string[];
  /** e.g. `spiffe://demo/cluster/eu`. */
  readonly spiffeId?: string;
  /** End of validity from now; negative for one that is over already. Default 30 days: none is warned of before. */
  readonly validMs?: number;
}

/** A certificate authority that lives in memory only. */
export interface ThrowawayAuthority {
  readonly caPem: string;
  issue(request: CertificateRequest): Promise<CertificatePair>;
}

/** The global CryptoKey, under a name that both type checkers know. */
type SigningKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const validDefaultMs = 30 * 24 * 3600_000;
/** Clocks of two machines may differ: certificates begin to hold a little before they are made. */
const backdateMs = 3600_000;
const serverAndClient = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];

/**
 * Makes a certificate authority for demos and tests: P-256 keys, nothing touches the disk, no openssl program.
 * Importing this module costs some 100 ms, so load it only where certificates are made.
 */
export async function createThrowawayAuthority(
  commonName = "sluice throw-away CA",
): Promise<ThrowawayAuthority> {
  x509.cryptoProvider.set(crypto);
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: distinguishedName(commonName),
    ...validity(validDefaultMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    caPem: ca.toString("pem"),
    issue: (request) => issue(ca, keys.privateKey, request),
  };
}

async function issue(
  ca: x509.X509Certificate,
  signingKey: SigningKey,
  request: CertificateRequest,
): Promise<CertificatePair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: distinguishedName(request.commonName),
    issuer: ca.subject,
    ...validity(request.validMs ?? validDefaultMs),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(serverAndClient, false),
      new x509.SubjectAlternativeNameExtension(alternativeNames(request)),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey),
    ],
  });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { certPem: certificate.toString("pem"), keyPem: x509.PemConverter.encode(pkcs8, "PRIVATE KEY") };
}

function alternativeNames(request: CertificateRequest): x509.JsonGeneralNames {
  const names: x509.JsonGeneralNames = [];
  for (const value of request.dnsNames ?? ["localhost"]) names.push({ type: "dns", value });
  for (const value of request.ipAddresses ?? ["127.0.0.1"]) names.push({ type: "ip", value });
  if (request.spiffeId !== undefined) names.push({ type: "url", value: request.spiffeId });
  return names;
}

function validity(validMs: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const nowMs = systemClock.nowMs();
  const endMs = nowMs + validMs;
  return { notBefore: new Date(Math.min(nowMs, endMs) - backdateMs), notAfter: new Date(endMs) };
}

function distinguishedName(commonName: string): x509.JsonName {
  return [{ CN: [commonName] }];
}

/** 127 random bits: positive, as RFC 5280 wants it. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
