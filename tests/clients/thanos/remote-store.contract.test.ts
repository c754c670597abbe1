import { suite } from "uvu";
import { createMemoryStore } from "../../support/memory-store.ts";
import { serveAndDial } from "../../support/store-api.ts";
import { addStoreContract, contractExternalLabels } from "../../support/store-contract.ts";

const contract = suite("a store over gRPC");

addStoreContract(contract, (series) =>
  serveAndDial(createMemoryStore({ series, externalLabels: contractExternalLabels })),
);

contract.run();
