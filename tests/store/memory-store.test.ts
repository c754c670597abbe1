import { createMemoryStore } from "../support/memory-store.ts";
import { contractExternalLabels, storeContract } from "../support/store-contract.ts";

storeContract("a store in memory", (series) => ({
  store: createMemoryStore({ series, externalLabels: contractExternalLabels }),
}));
