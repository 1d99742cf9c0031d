import { describe, expect, it } from "vitest";
import {
  elide,
  formatAgo,
  formatBytes,
  formatCount,
  formatDtype,
  formatDuration,
  formatNumber,
  formatSi,
  fullNumber,
} from "./format";

describe("formatNumber", () => {
  it.each([
    [0.97312, "0.9731"],
    [0.5, "0.5"],
    [12.3456, "12.35"],
    [999.96, "1,000.0"],
    [1234.5, "1,234.5"],
    [1234.5678, "1,234.6"],
    [-1234.5678, "-1,234.6"],
    [1234.001, "1,234.0"],
    [68_940, "68,940"],
    [123456, "123,456"],
    [123456.78, "123,456.8"],
    [999_999.97, "1.000M"],
    [12_345_678, "12.35M"],
    [0.00012, "0.00012"],
    [0.00001, "1e-5"],
    [1.23456e-7, "1.235e-7"],
    [3e20, "3e20"],
    [-0.25, "-0.25"],
    [0, "0"],
    [NaN, "NaN"],
    [Infinity, "inf"],
    [-Infinity, "-inf"],
    [0.99995, "1.000"],
    [0.9999, "0.9999"],
    [1, "1"],
    [0.1 + 0.2, "0.3000"],
    [0.12345, "0.1235"],
    [1234567, "1,234,567"],
    [1234567.8, "1.235M"],
    [12_000_000, "12M"],
    [12_000_400, "12.00M"],
    [1e-9, "1e-9"],
    [1.00004e-9, "1.000e-9"],
    [1e280, "1e280"],
    [-7.5e279, "-7.5e279"],
  ])("shows %s as %s", (value, text) => expect(formatNumber(value)).toBe(text));
});

describe("other formats", () => {
  it("rounds over the border of a unit", () => {
    expect(formatSi(999_999)).toBe("1.000M");
    expect(formatSi(1500)).toBe("1.5k");
    expect(formatSi(-1_234_567)).toBe("-1.235M");
    expect(formatCount(1_200_000)).toBe("1.2 M");
    expect(formatSi(2.5e21)).toBe("2.5Z");
    expect(formatSi(999_999e18)).toBe("1.000e24");
    expect(formatSi(1e280)).toBe("1e280");
    expect(formatCount(12_400)).toBe("12,400");
  });

  it.each([
    [0, "0 s"],
    [0.85, "850 ms"],
    [0.9999, "1 s"],
    [12.34, "12.3 s"],
    [59.99, "1m 00s"],
    [252, "4m 12s"],
    [11_100, "3h 05m"],
    [187_200, "2d 04h"],
  ])("writes %s seconds as %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));

  it("names the types of columns", () => {
    const told = ["<i8", "|u1", "<f4", "|b1", "<M8[ns]", "<m8[us]", "text", "json"].map(formatDtype);
    expect(told).toEqual(["int64", "uint8", "float32", "bool", "datetime", "duration", "text", "json"]);
  });

  it("writes sizes and ages", () => {
    expect(formatBytes(0)).toBe("0 B");
    expect(formatBytes(1536)).toBe("1.5 KiB");
    expect(formatAgo(100, 103)).toBe("just now");
    expect(formatAgo(0, 7200)).toBe("2 h ago");
  });

  it("keeps every digit in the full value and both ends of a long name", () => {
    expect(fullNumber(0.1 + 0.2)).toBe("0.30000000000000004");
    expect(elide("convolutional-network-seed-3", 12)).toBe("convol…eed-3");
    expect(elide("short", 12)).toBe("short");
  });
});
