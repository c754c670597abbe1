/** A process of its own that serves a store over mutual TLS: `store-api-server.ts CA CERT KEY`, files in PEM. */
import process from "node:process";
import { labelsOf } from "../../src/model/labels.ts";
import { createGrpcServer } from "../../src/rpc/grpc-server.ts";
import { readTextFile } from "../../src/runtime/files.ts";
import { createEndlessStore, endpointInfoOf } from "./store-api.ts";

const [ca = "", cert = "", key = ""] = process.argv.slice(2);
const inner = createEndlessStore({ rows: 64, chunkBytes: 1_000, batches: 200 });
const store = {
  ...inner,
  /** What became of the streams so far. */
  labelNames: async () => [`aborted ${inner.seen.aborted}`, `finished ${inner.seen.finished}`],
  info: () => ({ ...inner.info(), labelSets: [labelsOf({ runtime: "other" })] }),
};
const server = createGrpcServer({
  store,
  info: () => endpointInfoOf(store),
  health: () => true,
  maxConnectionAgeMs: 800,
  tls: {
    certPem: await readTextFile(cert),
    keyPem: await readTextFile(key),
    clientCaPem: await readTextFile(ca),
    minVersion: "1.3",
  },
});
process.on("SIGTERM", () => void server.close(1_000).then(() => process.exit(0)));
console.log(`listening on ${await server.listen({ host: "127.0.0.1", port: 0 })}`);
