import { createFetchHandler } from "@connectrpc/connect/protocol";
import { createConnectHandlers } from "./connect-exchange.ts";
import { createServedStore, type StoreApiOptions } from "./grpc-server.ts";
import { addStoreServices } from "./store-services.ts";

/** Answers a request for a StoreAPI path; `undefined` for any other path. */
export type StoreApiFetchHandler = (request: Request) => Promise<Response> | undefined;

/**
 * StoreAPI, Info and health over Connect and gRPC-Web for an HTTP application that speaks in Request and Response.
 * The request's `signal` must be aborted when its caller goes away.
 */
export function createStoreApiFetchHandler(options: StoreApiOptions): StoreApiFetchHandler {
  const served = createServedStore(options);
  const handlers = createConnectHandlers({
    grpc: false,
    addServices: (router) => addStoreServices(router, served),
  });
  return (request) => {
    const handler = handlers.get(new URL(request.url).pathname);
    return handler === undefined ? undefined : createFetchHandler(handler)(request);
  };
}
