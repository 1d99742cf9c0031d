import { describe, expect, it } from "vitest";
import { assignSlots, slotColor, slotDash } from "./palette";

describe("slots", () => {
  it("stay with their run while it is selected, whatever comes and goes", () => {
    const first = assignSlots(["a", "b", "c"]);
    const second = assignSlots(["d", "c", "a"], first);
    expect(second.get("a")).toBe(0);
    expect(second.get("c")).toBe(2);
    expect(second.get("d")).toBe(1);
  });

  it("are sixteen and never shared", () => {
    const runs = Array.from({ length: 40 }, (_, i) => `r${i}`);
    const slots = assignSlots(runs);
    expect(slots.size).toBe(16);
    expect(new Set(slots.values()).size).toBe(16);
  });

  it("repeat the eight hues with a dash, then end", () => {
    expect(slotColor(8, false)).toBe(slotColor(0, false));
    expect(slotDash(0)).toEqual([]);
    expect(slotDash(8)).not.toEqual([]);
    expect(slotColor(16, true)).toBeNull();
    expect(slotColor(null, true)).toBeNull();
  });
});
