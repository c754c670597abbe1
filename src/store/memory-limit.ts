import { GatewayError } from "../lib/errors.ts";
import type { MemoryAccount } from "./store.ts";

/** A limit on the bytes that all queries of the process hold together. */
export interface MemoryLimit {
  readonly limitBytes: number;
  /** Bytes held now. */
  heldBytes(): number;
  /** A count for one query; what it still holds at `close` is given back. */
  account(): MemoryAccount & { heldBytes(): number; close(): void };
}

/** `take` throws GatewayError `execution` that names the limit and its flag. */
export function createMemoryLimit(limitBytes: number): MemoryLimit {
  let heldBytes = 0;
  return {
    limitBytes,
    heldBytes: () => heldBytes,
    account() {
      let own = 0;
      return {
        take(sizeBytes) {
          if (heldBytes + sizeBytes > limitBytes) {
            throw new GatewayError(
              "execution",
              `Cannot hold ${formatSize(sizeBytes)} more for this query: queries hold ${formatSize(heldBytes)}, ` +
                `wants at most ${formatSize(limitBytes)} (--memory-limit)`,
            );
          }
          own += sizeBytes;
          heldBytes += sizeBytes;
        },
        give(sizeBytes) {
          own -= sizeBytes;
          heldBytes -= sizeBytes;
        },
        heldBytes: () => own,
        close() {
          heldBytes -= own;
          own = 0;
        },
      };
    },
  };
}

function formatSize(sizeBytes: number): string {
  if (sizeBytes < 1024) return `${sizeBytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = sizeBytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number(value.toFixed(1))} ${units[unit]}`;
}
