import { expect, test } from "vitest";
import { defaultView, readView, writeView, type RunsView } from "./view";

const full: RunsView = {
  q: 'val/acc.max > 0.97 and lr in 1e-4..1e-2 and name ~ "cnn.*" & 100% + é',
  group: "all except seed",
  sort: "val/acc desc",
  columns: [
    { name: "val/acc", pinned: true, width: null },
    { name: "odd, name~with!signs%", pinned: false, width: 120 },
  ],
  x: "epoch,~",
  x_log: true,
  y_log: true,
  smooth: { kind: "gaussian", half_life: 12.5 },
  selection: ["0123456789ab", "vvvvvvvvvvvv"],
  selection_id: null,
  sections: { train: false, system: true, "a,b": false },
  pinned: ["val/acc", "a,b"],
  zoom: [-0.5, 1200],
  full: "val/loss",
  metric_search: "acc",
  curves: 500,
  band: "std",
};

test("a bare address is the default view, and the default view has a bare address", () => {
  expect(readView("")).toEqual(defaultView());
  expect(writeView(defaultView())).toBe("");
});

test("every part of a view survives the address", () => {
  expect(readView(writeView(full))).toEqual(full);
});

test("slashes and colons stay readable", () => {
  const text = writeView({ ...defaultView(), q: "val/acc > 1", sort: "val/acc desc" });
  expect(text).toBe("?q=val/acc+%3E+1&s=val/acc+desc");
});

test("no column at all is not the default columns", () => {
  const view = { ...defaultView(), columns: [] };
  expect(readView(writeView(view)).columns).toEqual([]);
});

test("nonsense in an address falls back to defaults", () => {
  const view = readView("?b=wide&sm=abc&n=-3&sel=../../x&c=a~9999&x=~");
  expect(view.smooth).toBeNull();
  expect(view.curves).toBe(100);
  expect(view.band).toBe("interval");
  expect(view.selection).toEqual([]);
  expect(view.columns).toEqual([{ name: "a", pinned: false, width: null }]);
  expect(view.x).toBe("step");
});

test("a selection kept on the server travels by its id", () => {
  const view = { ...defaultView(), selection_id: "k3f9" };
  expect(writeView(view)).toBe("?sel=@k3f9");
  expect(readView("?sel=@k3f9").selection_id).toBe("k3f9");
});
