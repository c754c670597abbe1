import { createPrivateKey, X509Certificate } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createThrowawayAuthority } from "../../src/runtime/throwaway-certificates.ts";

const certificates = suite("throw-away certificates");

certificates("an issued certificate is signed by the authority and belongs to its key", async () => {
  const authority = await createThrowawayAuthority("tests");
  const { certPem, keyPem } = await authority.issue({ commonName: "leaf" });
  const ca = new X509Certificate(authority.caPem);
  const leaf = new X509Certificate(certPem);
  assert.ok(ca.ca);
  assert.not(leaf.ca);
  assert.ok(leaf.verify(ca.publicKey));
  assert.ok(leaf.checkIssued(ca));
  assert.ok(leaf.checkPrivateKey(createPrivateKey(keyPem)));
});

certificates("names localhost, the loopback address and the SPIFFE id", async () => {
  const authority = await createThrowawayAuthority();
  const { certPem } = await authority.issue({ commonName: "leaf", spiffeId: "spiffe://demo/cluster/eu" });
  const names = new X509Certificate(certPem).subjectAltName ?? "";
  assert.equal(names.split(", ").sort(), [
    "DNS:localhost",
    "IP Address:127.0.0.1",
    "URI:spiffe://demo/cluster/eu",
  ]);
});

certificates("two authorities do not vouch for each other", async () => {
  const [a, b] = await Promise.all([createThrowawayAuthority("same"), createThrowawayAuthority("same")]);
  const leaf = new X509Certificate((await a.issue({ commonName: "leaf" })).certPem);
  assert.not(leaf.verify(new X509Certificate(b.caPem).publicKey));
});

certificates.run();
