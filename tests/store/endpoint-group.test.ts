import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GatewayError } from "../../src/lib/errors.ts";
import { allTime } from "../../src/model/time-range.ts";
import type { Endpoint, EndpointInfo } from "../../src/store/endpoint.ts";
import { createEndpointGroup, type EndpointGroupOptions } from "../../src/store/endpoint-group.ts";
import { createMemoryStore } from "../support/memory-store.ts";
import { createTestContext } from "../support/query-context.ts";

const group = suite("endpoint group");
const down = new GatewayError("unavailable", "connection refused");

function createGroup(names: string[], policy: EndpointGroupOptions["policy"] = "round_robin") {
  const failing = new Map<string, GatewayError>();
  const closed: string[] = [];
  const dial = ({ address }: { readonly address: string }): Endpoint => ({
    address,
    async fetchInfo() {
      const error = failing.get(address);
      if (error !== undefined) throw error;
      const info: EndpointInfo = {
        labelSets: [],
        timeRange: allTime,
        component: "store",
        supportsSharding: false,
        supportsWithoutReplicaLabels: true,
        tsdbInfos: [],
        apis: new Set(["store"]),
      };
      return info;
    },
    store: (info) => ({
      ...createMemoryStore({ name: address, series: [] }),
      info,
      async labelNames() {
        const error = failing.get(address);
        if (error !== undefined) throw error;
        return [address];
      },
    }),
    async close() {
      closed.push(address);
    },
  });
  const members = () => names.map((address) => ({ address, host: "store" }));
  const made = createEndpointGroup({ address: "thanos:///g", policy, members, dial, graceMs: 0 });
  const store = made.store(() => ({
    labelSets: [],
    timeRange: allTime,
    component: "store",
    supportsSharding: false,
    supportsWithoutReplicaLabels: true,
  }));
  const request = {
    range: allTime,
    matchers: [],
    withoutReplicaLabels: [],
    partialResponse: "abort",
    limit: 0,
    storeMatchers: [],
  } as const;
  const ask = async () =>
    (await store.labelNames(createTestContext(), request).catch((error: Error) => [error.message])).join();
  const askTimes = async (times: number) => {
    const answers: string[] = [];
    for (let i = 0; i < times; i++) answers.push(await ask());
    return answers.join(" ");
  };
  const info = () => made.fetchInfo({ signal: new AbortController().signal, deadlineMs: undefined });
  return { made, store, failing, closed, askTimes, info, names };
}

group("calls go to the servers in turn, or to the first one", async () => {
  const turns = createGroup(["a", "b", "c"]);
  await turns.info();
  assert.is(await turns.askTimes(6), "a b c a b c");
  const first = createGroup(["a", "b", "c"], "pick_first");
  await first.info();
  assert.is(await first.askTimes(3), "a a a");
  assert.is(turns.store.name, "thanos:///g");
});

group("servers that do not answer Info get no calls until they do", async () => {
  const { failing, askTimes, info } = createGroup(["a", "b", "c"]);
  failing.set("b", down);
  assert.is((await info()).component, "store");
  assert.is(await askTimes(4), "a c a c");
  failing.delete("b");
  await info();
  assert.is(await askTimes(3), "b c a");
});

group("a call that fails is not sent to another server, but the next ones are", async () => {
  const { failing, askTimes, info } = createGroup(["a", "b"]);
  await info();
  failing.set("a", down);
  assert.is(await askTimes(3), "connection refused b b");
});

group("an error that is the call's own says nothing of its server", async () => {
  const { failing, askTimes, info } = createGroup(["a", "b"]);
  await info();
  failing.set("a", new GatewayError("bad_data", "bad matcher"));
  assert.is(await askTimes(3), "bad matcher b bad matcher");
});

group("servers come and go, those that went are closed", async () => {
  const { askTimes, info, names, closed, made } = createGroup(["a", "b"]);
  await info();
  names.splice(0, 1, "c");
  await info();
  assert.is(await askTimes(2), "b c");
  assert.equal(closed, ["a"]);
  await made.close(0);
  assert.equal(closed, ["a", "b", "c"]);
});

group("with no server, or none that is up, it says so; a strict one is asked all the same", async () => {
  const nobody = createGroup([]);
  const zero = "rpc error: code = Unavailable desc = name resolver error: produced zero addresses";
  assert.is(await nobody.info().catch((error: Error) => error.message), zero);
  assert.is(await nobody.askTimes(1), zero);
  const { failing, info, askTimes } = createGroup(["a", "b"]);
  failing.set("a", down).set("b", down);
  assert.is(await info().catch((error: Error) => error.message), "connection refused");
  failing.clear();
  assert.is(await askTimes(2), "a b");
});

group.run();
