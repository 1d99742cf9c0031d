/**
 * The Explore screen's address: the part of the Runs screen's that its table needs (filter, sort,
 * chosen runs), and its own.
 *
 *     a   axes, `!` for flipped, `~log` for the scale     br  brushed parts, a filter
 *     o   objective, `~min` or `~max` for its better side  p   panel beside the table
 *     t   `1`: the axes as a table                         st  states of trials, of a sweep
 */
import type { AxisScale } from "../data/axes";
import { defaultView, escapeName, escapeValue, readView, unescapeName, writeView, type RunsView } from "./view";

export interface AxisChoice {
  name: string;
  scale: AxisScale | null;
  isFlipped: boolean;
}

export type ExplorePanel = "importance" | "slices" | "matrix";
export const PANELS: readonly ExplorePanel[] = ["importance", "slices", "matrix"];

export interface ExploreView extends RunsView {
  axes: AxisChoice[] | null;
  brush: string;
  objective: string | null;
  direction: "min" | "max" | null;
  panel: ExplorePanel;
  isTable: boolean;
  /** States of trials that the table of a sweep shows; all when empty. */
  states: string[];
}

export const defaultExplore = (): ExploreView => ({
  ...defaultView(),
  axes: null,
  brush: "",
  objective: null,
  direction: null,
  panel: "importance",
  isTable: false,
  states: [],
});

const SCALES: readonly AxisScale[] = ["linear", "log", "category"];

const writeAxis = ({ name, scale, isFlipped }: AxisChoice): string =>
  `${isFlipped ? "!" : ""}${escapeName(name)}${scale === null ? "" : `~${scale}`}`;

function readAxis(text: string): AxisChoice {
  const isFlipped = text.startsWith("!");
  const [name = "", scale] = (isFlipped ? text.slice(1) : text).split("~");
  return { name: unescapeName(name), scale: SCALES.find((known) => known === scale) ?? null, isFlipped };
}

export function readExplore(search: string): ExploreView {
  const fields = new URLSearchParams(search);
  const get = (name: string): string => fields.get(name) ?? "";
  const [objective = "", direction] = get("o").split("~");
  return {
    ...readView(search),
    axes: fields.has("a") ? get("a").split(",").filter((part) => part !== "").map(readAxis) : null,
    brush: get("br"),
    objective: objective === "" ? null : unescapeName(objective),
    direction: direction === "min" || direction === "max" ? direction : null,
    panel: PANELS.find((known) => known === get("p")) ?? "importance",
    isTable: get("t") === "1",
    states: get("st").split(",").filter((part) => part !== ""),
  };
}

export function writeExplore(view: ExploreView): string {
  const base = writeView(view);
  const parts: string[] = [];
  const put = (name: string, value: string) => {
    if (value !== "") parts.push(`${name}=${escapeValue(value)}`);
  };
  if (view.axes) put("a", view.axes.map(writeAxis).join(",") || ",");
  put("br", view.brush);
  if (view.objective !== null) put("o", `${escapeName(view.objective)}${view.direction ? `~${view.direction}` : ""}`);
  put("p", view.panel === "importance" ? "" : view.panel);
  put("t", view.isTable ? "1" : "");
  put("st", view.states.join(","));
  if (parts.length === 0) return base;
  return `${base === "" ? "?" : `${base}&`}${parts.join("&")}`;
}
