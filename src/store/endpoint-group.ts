import { GatewayError } from "../lib/errors.ts";
import type { Endpoint, EndpointInfo } from "./endpoint.ts";
import type { QueryContext, Store, StoreInfo } from "./store.ts";

/** A server of a group. */
export interface GroupMember {
  readonly address: string;
  /** The name that it was found under. */
  readonly host: string;
}

export interface EndpointGroupOptions {
  /** What the group is called. */
  readonly address: string;
  /** `round_robin`: calls go to the servers in turn; `pick_first`: to the first one that is up. */
  readonly policy: "round_robin" | "pick_first";
  /** Its servers now; read anew at every call. */
  members(): readonly GroupMember[];
  /** Makes the connection to one. Must not wait for it. */
  dial(member: GroupMember): Endpoint;
  /** How long calls to a server may go on that is no member any more. */
  readonly graceMs: number;
}

interface Server {
  readonly endpoint: Endpoint;
  readonly store: Store;
  isUp: boolean;
}

/**
 * Many equal servers as one endpoint: each call goes to one of those that answered Info last (gRPC's round_robin, which Thanos's
 * endpoint groups are). A call that fails is not sent to another one, but no other goes there until its server answers Info again.
 */
export function createEndpointGroup(options: EndpointGroupOptions): Endpoint {
  const { address } = options;
  const servers = new Map<string, Server>();
  const leaving = new Set<Promise<void>>();
  let info: () => StoreInfo = () => {
    throw new GatewayError("internal", `the store of ${address} was not made yet`);
  };
  let turn = 0;

  const sync = () => {
    const members = new Map(options.members().map((member) => [member.address, member]));
    for (const [key, server] of servers) {
      if (members.has(key)) continue;
      servers.delete(key);
      const closing: Promise<void> = server.endpoint
        .close(options.graceMs)
        .finally(() => leaving.delete(closing));
      leaving.add(closing);
    }
    for (const [key, member] of members) {
      if (servers.has(key)) continue;
      const endpoint = options.dial(member);
      servers.set(key, { endpoint, store: endpoint.store(() => info()), isUp: false });
    }
  };
  const pick = (): Server => {
    sync();
    const all = [...servers.values()];
    const up = all.filter(({ isUp }) => isUp);
    const from = up.length > 0 ? up : all;
    const server = from[options.policy === "pick_first" ? 0 : turn++ % Math.max(1, from.length)];
    if (server === undefined) throw nobody();
    return server;
  };
  const call = async <T>(ask: (store: Store) => Promise<T>): Promise<T> => {
    const server = pick();
    try {
      return await ask(server.store);
    } catch (error) {
      noteFailure(server, error);
      throw error;
    }
  };
  return {
    address,
    async fetchInfo(ctx) {
      sync();
      if (servers.size === 0) throw nobody();
      return firstInfo([...servers.values()], ctx);
    },
    store(read) {
      info = read;
      return {
        name: address,
        info: read,
        async *series(ctx, request) {
          const server = pick();
          try {
            yield* server.store.series(ctx, request);
          } catch (error) {
            noteFailure(server, error);
            throw error;
          }
        },
        labelNames: (ctx, request) => call((store) => store.labelNames(ctx, request)),
        labelValues: (ctx, request) => call((store) => store.labelValues(ctx, request)),
      };
    },
    async close(graceMs) {
      const all = [...servers.values()];
      servers.clear();
      await Promise.all([...all.map(({ endpoint }) => endpoint.close(graceMs)), ...leaving]);
    },
  };
}

/** Asks all, and answers with the first answer; the others are noted when they come. */
async function firstInfo(
  servers: readonly Server[],
  ctx: Pick<QueryContext, "signal" | "deadlineMs">,
): Promise<EndpointInfo> {
  const asked = servers.map(async (server) => {
    try {
      const answer = await server.endpoint.fetchInfo(ctx);
      server.isUp = true;
      return answer;
    } catch (error) {
      server.isUp = false;
      throw error;
    }
  });
  try {
    return await Promise.any(asked);
  } catch (error) {
    throw error instanceof AggregateError ? GatewayError.from(error.errors[0], "unavailable") : error;
  }
}

function noteFailure(server: Server, error: unknown): void {
  if (error instanceof GatewayError && error.code === "unavailable") server.isUp = false;
}

function nobody(): GatewayError {
  return new GatewayError(
    "unavailable",
    "rpc error: code = Unavailable desc = name resolver error: produced zero addresses",
  );
}
