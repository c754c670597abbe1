import * as v from "valibot";
import { messageOf } from "../lib/errors.ts";
import { parseEndpointAddress } from "./address.ts";
import { type ConfigText, readConfigDocument } from "./config-document.ts";
import { clusterOfEndpoint, type DeclaredCluster } from "./declared-cluster.ts";

const schema = v.array(
  v.strictObject({
    targets: v.array(v.string()),
    /** Thanos reads them and uses none. */
    labels: v.optional(v.nullable(v.record(v.string(), v.string()))),
  }),
);

/**
 * Reads a file of Prometheus's file_sd: each target is a cluster of its own.
 * Throws GatewayError `bad_data` that names file, line and column.
 */
export function parseFileSd(file: ConfigText): readonly DeclaredCluster[] {
  const { value, refuse } = readConfigDocument(file, schema, "a list of targets");
  return value.flatMap(({ targets }, group) =>
    targets.map((target, index) => {
      try {
        return clusterOfEndpoint({ address: parseEndpointAddress(target) });
      } catch (error) {
        throw refuse([group, "targets", index], messageOf(error));
      }
    }),
  );
}
