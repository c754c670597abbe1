import { suite } from "uvu";
import { createMemoryStore } from "../support/memory-store.ts";
import { addStoreContract, contractExternalLabels } from "../support/store-contract.ts";

const test = suite("a store in memory");

addStoreContract(test, (series) => ({
  store: createMemoryStore({ series, externalLabels: contractExternalLabels }),
}));

test.run();
