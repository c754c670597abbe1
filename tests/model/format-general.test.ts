import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatGeneral } from "../../src/model/format-general.ts";

const test = suite("numbers as Go's %g");

test("exponents begin below 1e-4 and at 1e6, and have two digits", () => {
  const known: [number, string][] = [
    [0, "0"],
    [-0, "-0"],
    [1e5, "100000"],
    [123456, "123456"],
    [999999.5, "999999.5"],
    [1e6, "1e+06"],
    [-1234567, "-1.234567e+06"],
    [123456789, "1.23456789e+08"],
    [1e20, "1e+20"],
    [1.5e21, "1.5e+21"],
    [1e-4, "0.0001"],
    [0.00012345, "0.00012345"],
    [1e-5, "1e-05"],
    [-2.5e-7, "-2.5e-07"],
    [5e-324, "5e-324"],
    [1.7976931348623157e308, "1.7976931348623157e+308"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "+Inf"],
    [Number.NEGATIVE_INFINITY, "-Inf"],
  ];
  for (const [value, text] of known) assert.is(formatGeneral(value), text);
});

test.run();
