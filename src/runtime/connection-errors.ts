import { PeerIdentityError } from "./peer-identity.ts";
import { onDeno } from "./process.ts";

/** The plain reason of a failed connection: `connection refused`, `certificate is not signed by a known authority`, … */
export function connectionErrorReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof PeerIdentityError) return error.message;
  const code = "code" in error ? String(error.code) : "";
  const known = reasonByCode[code];
  if (known !== undefined) return known;
  for (const [pattern, reason] of reasonByText) if (pattern.test(error.message)) return reason;
  return error.message;
}

const unknownAuthority = "its certificate is not signed by a known authority";
/** Deno has one code for both. */
const unverified = onDeno ? `${unknownAuthority}, or not valid at this time` : unknownAuthority;
const notHttp2 = "it does not speak HTTP/2";
const wantsClientCertificate = "it wants a client certificate that it trusts";
const notTls = "it does not speak TLS";

const reasonByCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by peer",
  EPIPE: "connection reset by peer",
  ETIMEDOUT: "connection timed out",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "name server does not answer",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unverified,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  CERT_SIGNATURE_FAILURE: unknownAuthority,
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
  ERR_SSL_WRONG_VERSION_NUMBER: notTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: notTls,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: wantsClientCertificate,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: wantsClientCertificate,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: wantsClientCertificate,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE:
    "TLS handshake failed: no common version or cipher, or no client certificate",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "TLS handshake failed: no common version",
  ERR_HTTP2_ERROR: notHttp2,
};

/** Deno and old OpenSSL name no code: their texts do. */
const reasonByText: readonly (readonly [RegExp, string])[] = [
  [/connection refused/i, "connection refused"],
  [/connection reset|broken pipe/i, "connection reset by peer"],
  [/UnknownIssuer|BadSignature/i, unknownAuthority],
  [/certificate.*expired|Expired/i, "its certificate has expired"],
  [/NotValidYet/i, "its certificate is not valid yet"],
  [/NotValidForName|altnames/i, "its certificate is made out to another name"],
  [/CertificateRequired|alert.*(UnknownCA|BadCertificate)/i, wantsClientCertificate],
  [/corrupt message|InvalidContentType|wrong version number/i, notTls],
  [/protocol error/i, notHttp2],
];
