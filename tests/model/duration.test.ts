import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatDuration, parseDuration } from "../../src/model/duration.ts";

const test = suite("durations");

test("read as Prometheus reads them", () => {
  const cases = {
    "0": 0,
    "5m": 300_000,
    "1h30m": 5_400_000,
    "1y": 31_536_000_000,
    "2w": 1_209_600_000,
    "1d1ms": 86_400_001,
  };
  for (const [text, ms] of Object.entries(cases)) assert.is(parseDuration(text), ms, text);
});

test("are refused with Prometheus's texts", () => {
  const cases = {
    "": "empty duration string",
    "1": 'not a valid duration string: "1"',
    "1m1h": 'not a valid duration string: "1m1h"',
    "1m1m": 'not a valid duration string: "1m1m"',
    m: 'not a valid duration string: "m"',
    "-1m": 'not a valid duration string: "-1m"',
    "1q": 'unknown unit "q" in duration "1q"',
    "5y1hs": 'unknown unit "hs" in duration "5y1hs"',
    "300y": "duration out of range",
  };
  for (const [text, message] of Object.entries(cases)) {
    assert.throws(
      () => parseDuration(text),
      (error: Error) => error.message === message,
      text,
    );
  }
});

test("are written with years and weeks only where nothing is left over", () => {
  const cases = {
    "0s": 0,
    "5m": 300_000,
    "90d": 90 * 86_400_000,
    "2w": 14 * 86_400_000,
    "1y": 365 * 86_400_000,
    "1h1ms": 3_600_001,
    "-1m30s": -90_000,
  };
  for (const [text, ms] of Object.entries(cases)) assert.is(formatDuration(ms), text);
});

test.run();
