import { describe, expect, it } from "vitest";
import { curve } from "../../bench/curves";
import { csvField, curvesCsv } from "./csv";
import { bySection } from "./prefix";

describe("csv", () => {
  it("quotes what must be quoted and disarms formulas", () => {
    expect(csvField('a "b", c')).toBe('"a ""b"", c"');
    expect(csvField("=1+1")).toBe("'=1+1");
    expect(csvField("-0.5")).toBe("-0.5");
    expect(csvField("-inf")).toBe("-inf");
  });

  it("holds the points in view with every digit, gaps empty", () => {
    const series = {
      ...curve(1, "cnn", 1),
      x: Float32Array.of(0, 1, 2),
      xOrigin: 100,
      y: Float64Array.of(0.1, NaN, 0.3),
    };
    expect(curvesCsv([series], "step", [101, 200])).toBe(
      "run,name,metric,step,value\r\nrun-1,cnn,loss,101,\r\nrun-1,cnn,loss,102,0.3\r\n",
    );
  });
});

describe("bySection", () => {
  it("puts keys without a prefix first, the machine last, numbers by value", () => {
    const keys = ["val/acc", "system/cpu", "loss", "train/layer10", "train/layer2"];
    const sections = bySection(keys, (key) => key);
    expect(sections.map((section) => section.prefix)).toEqual(["", "train", "val", "system"]);
    expect(sections[1]?.items).toEqual(["train/layer2", "train/layer10"]);
  });
});
