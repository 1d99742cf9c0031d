import { expect, test } from "vitest";
import { showParam } from "./columns";

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
