import { describe, expect, it } from "vitest";
import { randomFrom } from "../../bench/curves";
import { niceStep, ticksOf } from "./ticks";

const labels = (...args: Parameters<typeof ticksOf>): string[] =>
  ticksOf(...args).map((tick) => tick.label);

describe("ticks", () => {
  it("stay inside the domain, ascend and never exceed their number, for any domain", () => {
    const random = randomFrom(3);
    for (let i = 0; i < 500; i++) {
      const min = (random() - 0.5) * 10 ** Math.floor(random() * 12 - 4);
      const max = min + random() * 10 ** Math.floor(random() * 12 - 4) + 1e-9 * Math.abs(min);
      const values = ticksOf("number", "linear", [min, max], 5).map((tick) => tick.value);
      expect(values.length).toBeLessThanOrEqual(6);
      values.forEach((value, at) => {
        expect(value).toBeGreaterThanOrEqual(min - Math.abs(max - min) * 1e-6);
        expect(value).toBeLessThanOrEqual(max + Math.abs(max - min) * 1e-6);
        if (at > 0) expect(value).toBeGreaterThan(values[at - 1]!);
      });
    }
  });

  it("are round, with equal decimals", () => {
    expect(labels("number", "linear", [0, 1], 5)).toEqual([
      "0.0",
      "0.2",
      "0.4",
      "0.6",
      "0.8",
      "1.0",
    ]);
    expect(labels("number", "linear", [-1, 1], 4)).toEqual([
      "\u22121.0",
      "\u22120.5",
      "0.0",
      "0.5",
      "1.0",
    ]);
    expect(labels("number", "linear", [0, 20_000], 4)).toEqual(["0", "5k", "10k", "15k", "20k"]);
    expect(labels("number", "linear", [0, 4e-5], 4)).toEqual([
      "0",
      "1e\u22125",
      "2e\u22125",
      "3e\u22125",
      "4e\u22125",
    ]);
  });

  it("use a letter up to 1e24 and a power of ten beyond", () => {
    expect(labels("number", "linear", [0, 4e12], 4)).toEqual(["0", "1T", "2T", "3T", "4T"]);
    expect(labels("number", "linear", [0, 1e19], 4)).toEqual(["0", "2.5E", "5.0E", "7.5E", "10.0E"]);
    expect(labels("number", "linear", [0, 1e280], 4)).toEqual([
      "0",
      "2.5e279",
      "5e279",
      "7.5e279",
      "1e280",
    ]);
    expect(labels("number", "linear", [-1e25, 0], 2)).toEqual(["\u22121e25", "\u22125e24", "0"]);
    expect(labels("number", "log", [1, 1e280], 6)).toEqual([
      "1",
      "1e50",
      "1e100",
      "1e150",
      "1e200",
      "1e250",
    ]);
  });

  it("can be read back, each to its own value, on every range a float can hold", () => {
    const unit = (letter: string): number => 1000 ** " kMGTPEZ".indexOf(letter || " ");
    const read = (label: string): number => {
      const plain = label.replaceAll("\u2212", "-").replaceAll(",", "");
      const [, number = "", letter = ""] = /^(.*?)([kMGTPEZ]?)$/.exec(plain) ?? [];
      return Number(number) * unit(letter);
    };
    for (let power = -300; power <= 300; power += 3) {
      for (const [from, to] of [
        [0, 3],
        [-2, 2],
        [1, 1.004],
        [9.96, 10.02],
      ] as const) {
        const domain = [from * 10 ** power, to * 10 ** power] as const;
        const ticks = ticksOf("number", "linear", domain, 5);
        const step = ticks[1]!.value - ticks[0]!.value;
        for (const { value, label } of ticks) {
          expect(Math.abs(read(label) - value), `${label} on ${domain}`).toBeLessThan(step / 20);
          expect(label.length, label).toBeLessThanOrEqual(22);
        }
      }
    }
  });

  it("of steps never fall between two steps", () => {
    expect(labels("step", "linear", [0, 3], 6)).toEqual(["0", "1", "2", "3"]);
    expect(niceStep(10, 4, 1)).toBe(5);
    expect(niceStep(100, 4, 1)).toBe(25);
  });

  it("of a log axis are powers of ten, finer in a short range, plain below one decade", () => {
    expect(labels("number", "log", [1e-5, 1], 6)).toEqual([
      "1e\u22125",
      "1e\u22124",
      "0.001",
      "0.01",
      "0.1",
      "1",
    ]);
    expect(labels("number", "log", [1e-9, 1], 5)).toHaveLength(5);
    expect(labels("number", "log", [1, 20], 5)).toEqual(["1", "2", "5", "10", "20"]);
    expect(labels("number", "log", [1, 3], 4)).toContain("2.0");
  });

  it("of time stand on minutes, hours, days", () => {
    expect(labels("relative", "linear", [0, 300], 5)).toEqual(["0", "1m", "2m", "3m", "4m", "5m"]);
    expect(labels("relative", "linear", [0, 7200], 4)).toEqual(["0", "30m", "1h", "1h 30m", "2h"]);
    expect(labels("relative", "linear", [0, 0.4], 4)).toEqual([
      "0",
      "0.1s",
      "0.2s",
      "0.3s",
      "0.4s",
    ]);
    expect(labels("relative", "linear", [0, 0.06], 3)).toEqual(["0", "20ms", "40ms", "60ms"]);
    const clock = ticksOf("time", "linear", [1_790_000_000, 1_790_000_600], 5);
    expect(clock.every((tick) => (tick.value * 1000) % 60_000 === 0)).toBe(true);
  });
});
