import type { PeerCertificate } from "node:tls";
import { checkServerIdentity } from "node:tls";
import { allNames, certificateNames, hasOneOf } from "./certificate-names.ts";

/** A peer that proved to be somebody else than who was wanted. */
export class PeerIdentityError extends Error {
  override readonly name = "PeerIdentityError";
  /** For Deno, which keeps the code only of what a check returns. */
  readonly code = "ERR_TLS_CERT_ALTNAME_INVALID";
}

/** As many names of a certificate as an error shows. */
const shownNames = 8;

/**
 * A check for `tls.connect`: the host that was asked for by the usual rules, or, where names are pinned, one of them instead, as
 * certificates with SPIFFE ids name no hosts. What it returns names what was shown and what was wanted.
 */
export function identityCheck(
  pinned: readonly string[],
): (host: string, certificate: PeerCertificate) => Error | undefined {
  return (host, certificate) => {
    const names = certificateNames(certificate.raw);
    if (pinned.length > 0) return hasOneOf(names, pinned) ? undefined : mistaken(allNames(names), pinned);
    return checkServerIdentity(host, certificate) === undefined
      ? undefined
      : mistaken(allNames(names), [host]);
  };
}

function mistaken(shown: readonly string[], wanted: readonly string[]): PeerIdentityError {
  const more = shown.length > shownNames ? ` and ${shown.length - shownNames} more` : "";
  const names = shown.length === 0 ? "no name at all" : `${shown.slice(0, shownNames).join(", ")}${more}`;
  return new PeerIdentityError(
    `its certificate is made out to another name: it shows ${names}, wants ${wanted.join(" or ")}`,
  );
}
