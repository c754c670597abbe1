import type { ListenAddress } from "../config/address.ts";
import { GatewayError, messageOf } from "../lib/errors.ts";

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use",
  EACCES: "permission denied",
  EADDRNOTAVAIL: "no interface has this address",
  ENOTFOUND: "the host is not known",
};

/** Runs `listen`; a refusal names the address and the flag that changes it. */
export async function listenOrExplain<T>(
  flag: string,
  { host, port }: ListenAddress,
  listen: () => Promise<T>,
): Promise<T> {
  try {
    return await listen();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    const reason = reasons[code] ?? messageOf(cause);
    throw new GatewayError(
      "unavailable",
      `Cannot listen on ${host}:${port}: ${reason}, wants another ${flag}`,
      {
        cause,
      },
    );
  }
}
