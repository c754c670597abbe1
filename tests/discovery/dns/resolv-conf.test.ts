import { suite } from "uvu";
import * as assert from "uvu/assert";
import { candidateNames, parseResolvConf } from "../../../src/discovery/dns/resolv-conf.ts";

const conf = suite("resolv.conf");

conf("a pod's file in Kubernetes", () => {
  const parsed = parseResolvConf(
    "search monitoring.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n",
  );
  assert.equal(parsed, {
    servers: [{ host: "10.96.0.10", port: 53 }],
    search: ["monitoring.svc.cluster.local", "svc.cluster.local", "cluster.local"],
    ndots: 5,
    timeoutMs: 5_000,
    attempts: 2,
    tcpOnly: false,
  });
  assert.equal(candidateNames("_grpc._tcp.thanos-store", parsed), [
    "_grpc._tcp.thanos-store.monitoring.svc.cluster.local",
    "_grpc._tcp.thanos-store.svc.cluster.local",
    "_grpc._tcp.thanos-store.cluster.local",
    "_grpc._tcp.thanos-store",
  ]);
  assert.equal(candidateNames("store.example.", parsed), ["store.example"]);
});

conf("comments, tabs, ports, IPv6, options and their bounds", () => {
  const parsed = parseResolvConf(`# nameserver 1.1.1.1
; nameserver 1.1.1.1
domain example.
nameserver\t[10.0.0.1]:8600 # Consul
nameserver fd00::53
nameserver [fd00::54]:5353
nameserver 10.0.0.4
options timeout:99 attempts:0 use-vc ndots:x
`);
  assert.equal(parsed, {
    servers: [
      { host: "10.0.0.1", port: 8600 },
      { host: "fd00::53", port: 53 },
      { host: "fd00::54", port: 5353 },
    ],
    search: ["example"],
    ndots: 1,
    timeoutMs: 30_000,
    attempts: 1,
    tcpOnly: true,
  });
});

conf("without a server that makes sense the local one is asked; the last search list counts", () => {
  const parsed = parseResolvConf(
    "nameserver dns.example\nnameserver [10.0.0.1]:99999\nsearch a b\nsearch c\n",
  );
  assert.equal([parsed.servers, parsed.search], [[{ host: "127.0.0.1", port: 53 }], ["c"]]);
  assert.equal(parseResolvConf("").servers, [{ host: "127.0.0.1", port: 53 }]);
});

conf.run();
