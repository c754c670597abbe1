import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { joinClusters } from "../../src/config/cluster-config.ts";
import { parseClusterFile } from "../../src/config/cluster-file.ts";
import { messageOf } from "../../src/lib/errors.ts";

const test = suite("documented clusters");
const docs = new URL("../../docs/", import.meta.url);
const name = fileURLToPath(new URL("examples/clusters.yml", docs));

test("the example file is read as it is", () => {
  const clusters = joinClusters(parseClusterFile({ name, text: readFileSync(name, "utf8") }));
  assert.equal(
    clusters.map((cluster) => [cluster.name, cluster.strict, cluster.optional]),
    [
      ["eu-west", false, false],
      ["payments", true, false],
      ["us-east", false, false],
      ["lab", false, true],
    ],
  );
  assert.ok(clusters[0]?.tls !== "plain" && clusters[0]?.tls?.cert?.path.endsWith("/tls/eu-west/tls.crt"));
});

test("docs/configuration.md names the keys that a file may have, and no others", () => {
  const document = readFileSync(new URL("configuration.md", docs), "utf8");
  const section = document.slice(document.indexOf("## The configuration file"));
  const known = (text: string): readonly string[] => {
    try {
      parseClusterFile({ name: "x", text });
    } catch (error) {
      return /wants one of (.*)$/.exec(messageOf(error))?.[1]?.split(", ") ?? [];
    }
    return [];
  };
  const documented = (heading: string): readonly string[] => {
    const table = section.slice(section.indexOf(`| ${heading} |`)).split("\n\n")[0] ?? "";
    const cells = table.split("\n").slice(2);
    return cells.flatMap((row) =>
      (row.split("|")[1]?.match(/`([A-Za-z]+)`/g) ?? []).map((key) => key.slice(1, -1)),
    );
  };
  const cluster = "clusters: [{name: a, endpoints: [a:1]";
  const keys = known(`${cluster}, zzzzzzzzzz: 1}]`);
  assert.ok(keys.includes("endpoints"), keys.join());
  assert.equal([...documented("key of a cluster")].sort(), [...keys].sort());
  const tls = known(`${cluster}, tls: {zzzzzzzzzz: 1}}]`);
  assert.ok(tls.includes("ca"), tls.join());
  assert.equal([...documented("key of `tls`")].sort(), [...tls].sort());
});

test.run();
