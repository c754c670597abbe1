import { parseClusterFlag } from "./cluster-flag.ts";
import { optionalFlag, parseText, repeatedFlag } from "./flag.ts";

/** Flags that declare clusters. */
export const clusterFlags = {
  "config-file": optionalFlag(
    {
      help: "YAML file whose clusters: declares clusters with their endpoints and TLS.",
      placeholder: "FILE",
    },
    parseText,
  ),
  cluster: repeatedFlag(
    {
      help: "The same for one cluster: name=…,endpoint=…[,endpoint=…][,strict][,optional][,label=<name>=<value>]. Give it once for each.",
      placeholder: "CLUSTER",
    },
    parseClusterFlag,
  ),
};
