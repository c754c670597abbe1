import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createRefusalLog } from "../../src/rpc/refusal-log.ts";
import { type LogFields, noLog } from "../../src/telemetry/log.ts";

const refusals = suite("refused clients");

refusals("are logged a few in a while, and those left out are counted in the next line", () => {
  const lines: (LogFields | undefined)[] = [];
  let nowMs = 0;
  const refused = createRefusalLog(
    { ...noLog, warn: (_, fields) => void lines.push(fields) },
    { monotonicMs: () => nowMs },
  );
  for (let i = 0; i < 12; i++) refused("it shows no certificate", `10.0.0.${i}`);
  assert.equal(
    lines.splice(0).map((fields) => fields?.remoteAddress),
    ["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"],
  );
  nowMs = 9_999;
  refused("it shows no certificate", "10.0.0.1");
  assert.equal(lines, []);
  nowMs = 10_000;
  for (let i = 0; i < 2; i++) refused("its certificate has expired", "10.0.0.1");
  const common = { reason: "its certificate has expired", remoteAddress: "10.0.0.1" };
  assert.equal(lines, [{ ...common, leftOut: 8 }, common]);
});

refusals.run();
