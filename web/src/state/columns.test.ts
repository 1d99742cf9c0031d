import { expect, test } from "vitest";
import { showParam, showParamShort } from "./columns";

test.each([
  [0.00031622776601683794, "0.00031622776601683794"],
  [0.001, "0.001"],
  [1e-5, "1e-5"],
  [3.5e-5, "3.5e-5"],
  [0, "0"],
  [68940, "68940"],
])("the param %s is shown as it was written, %s", (value, text) => {
  expect(showParam(value)).toEqual({ text, full: text, isMissing: false });
});

test.each([
  [0.00031622776601683794, "0.0003162", "0.00031622776601683794"],
  [0.001, "0.001", "0.001"],
  [1e-5, "1e-5", "1e-5"],
  [1.23456789e-7, "1.235e-7", "1.23456789e-7"],
  [1234567, "1234567", "1234567"],
  [NaN, "NaN", "NaN"],
])("in a table the param %s has four digits, %s, and is whole on demand", (value, text, full) => {
  expect(showParamShort(value)).toEqual({ text, full, isMissing: false });
});
