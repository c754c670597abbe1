import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";

const certificateBlock =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/** The certificates of a PEM text, in their order; empty where it holds none. Throws where one cannot be read. */
export function parseCertificates(pem: string): readonly X509Certificate[] {
  return (pem.match(certificateBlock) ?? []).map((block) => new X509Certificate(block));
}

/** When the certificates of a PEM text end, Unix ms: the first and the last of them; `undefined` where it holds none. */
export function endOfCertificates(
  pem: string,
): { readonly firstMs: number; readonly lastMs: number } | undefined {
  const ends = parseCertificates(pem).map(({ validTo }) => Date.parse(validTo));
  return ends.length === 0 ? undefined : { firstMs: Math.min(...ends), lastMs: Math.max(...ends) };
}

/**
 * What the peer of a connection showed, its own certificate first; empty where it showed none. On Deno the others of the chain are
 * not to be had.
 */
export function peerCertificates(socket: Socket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  if (!isTlsSocket(socket)) return chain;
  let next: Partial<DetailedPeerCertificate> | null | undefined = socket.getPeerCertificate(true);
  const seen = new Set<unknown>();
  while (next?.raw !== undefined && !seen.has(next) && chain.length < maxDepth) {
    seen.add(next);
    chain.push(new X509Certificate(next.raw));
    next = next.issuerCertificate;
  }
  return chain;
}

/**
 * Whether authorities stand behind a certificate, directly or by others of its chain. Says nothing of times, names and uses: it is
 * for peers whose handshake was accepted before, when authorities change.
 */
export function isSignedByOneOf(
  [leaf, ...others]: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): boolean {
  let at = leaf;
  for (let depth = 0; at !== undefined && depth < maxDepth; depth++) {
    const current: X509Certificate = at;
    if (authorities.some((authority) => isSame(authority, current) || isIssuer(authority, current)))
      return true;
    at = others.find((other) => !isSame(other, current) && isIssuer(other, current));
  }
  return false;
}

const maxDepth = 8;

function isTlsSocket(socket: Socket): socket is TLSSocket {
  return "getPeerCertificate" in socket && typeof socket.getPeerCertificate === "function";
}

function isSame(a: X509Certificate, b: X509Certificate): boolean {
  return a.fingerprint256 === b.fingerprint256;
}

function isIssuer(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.subject === certificate.issuer && certificate.verify(issuer.publicKey);
}
