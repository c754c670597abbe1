import { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { connectionErrorReason } from "./connection-errors.ts";

/**
 * Why a TLS server turned a client away for its certificate; `undefined` where a connection failed for another reason.
 * Node and Deno end a connection whose certificate they do not trust after the handshake, and say why on the socket only.
 */
export function refusedCertificateReason(error: Error, socket: TLSSocket): string | undefined {
  if ("code" in error && error.code === "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE")
    return "it shows no certificate";
  const { authorizationError } = socket as { readonly authorizationError?: unknown }; // Typed as an Error, is a code or null.
  if (authorizationError === undefined || authorizationError === null) return undefined;
  if (authorizationError instanceof Error) return connectionErrorReason(authorizationError);
  const code = String(authorizationError);
  return connectionErrorReason(Object.assign(new Error(code), { code }));
}

const addresses = new WeakMap<Socket, string>();

/** Notes the address of a new connection, which Node forgets when it ends. */
export function noteRemoteAddress(socket: Socket): void {
  addresses.set(socket, socket.remoteAddress ?? "");
}

/** The client's address, also of a connection that is gone and was noted as it came. */
export function remoteAddressOf(socket: TLSSocket): string {
  const below = "_parent" in socket && socket._parent instanceof Socket ? socket._parent : socket;
  return socket.remoteAddress ?? addresses.get(below) ?? "";
}
