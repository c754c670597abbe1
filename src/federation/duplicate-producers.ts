import type { Log } from "../telemetry/log.ts";
import { labelSetsText } from "./endpoint-connections.ts";
import type { EndpointMember } from "./endpoint-member.ts";

/**
 * Warns, once for each, of sidecars and rulers that have the external labels of another: their data cannot be told
 * apart.
 */
export function createProducerCheck(log: Log): (members: readonly EndpointMember[]) => void {
  const warned = new Set<string>();
  return (members) => {
    const producers = new Map<string, string>();
    for (const member of members) {
      const info = member.info();
      if (!info.apis.has("store") || (info.component !== "sidecar" && info.component !== "rule")) continue;
      const extLset = labelSetsText(info.labelSets);
      const { address } = member;
      const other = producers.get(extLset);
      if (other === undefined) {
        producers.set(extLset, address);
        continue;
      }
      const key = `${address} ${extLset}`;
      if (warned.has(key)) continue;
      warned.add(key);
      log.warn(
        "found duplicate storeEndpoints producer (sidecar or ruler). This is not advised as it will malform data in in the same bucket",
        { address, extLset, other },
      );
    }
  };
}
