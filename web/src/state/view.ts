/**
 * The Runs screen's address: one typed place that reads and writes it. Defaults are left out, so a
 * bare address is always the default view.
 *
 *     q   filter             g   group by             s   sort
 *     c   columns            x   x axis               sm  smoothing
 *     y   `log`              sel chosen runs          sec closed sections
 *     pin pinned metrics     z   zoomed range of x    m   metric search
 *     f   panel on full screen
 *     n   curves drawn when none is chosen
 *     b   band around the mean of a group
 */

export interface ColumnChoice {
  name: string;
  pinned: boolean;
  width: number | null;
}

export type SmoothKind = "ema" | "gaussian" | "median";

export type BandKind = "interval" | "std" | "range";

/** Every kind of band, in the order of its key, with its name in the charts. */
export const BAND_NAMES: Readonly<Record<BandKind, string>> = {
  interval: "95 % interval",
  std: "std",
  range: "min–max",
};
export const BANDS = Object.keys(BAND_NAMES) as BandKind[];

export interface RunsView {
  q: string;
  group: string;
  sort: string;
  columns: ColumnChoice[] | null;
  x: string;
  x_log: boolean;
  y_log: boolean;
  smooth: { kind: SmoothKind; half_life: number } | null;
  selection: string[];
  selection_id: string | null;
  sections: Record<string, boolean>;
  pinned: string[];
  zoom: readonly [number, number] | null;
  full: string | null;
  metric_search: string;
  curves: number;
  band: BandKind;
}

export const CURVES_DEFAULT = 100;

export const defaultView = (): RunsView => ({
  q: "",
  group: "",
  sort: "",
  columns: null,
  x: "step",
  x_log: false,
  y_log: false,
  smooth: null,
  selection: [],
  selection_id: null,
  sections: {},
  pinned: [],
  zoom: null,
  full: null,
  metric_search: "",
  curves: CURVES_DEFAULT,
  band: "interval",
});

// Inside a value, these separate; a name that holds one is escaped before joining.
export const escapeName = (name: string): string =>
  name.replace(/[%,~!]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
export const unescapeName = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

const writeList = (names: string[]): string => names.map(escapeName).join(",");
const readList = (text: string): string[] =>
  text.split(",").filter((part) => part !== "").map(unescapeName);

function writeColumn(column: ColumnChoice): string {
  const width = column.width === null ? "" : `~${Math.round(column.width)}`;
  return `${column.pinned ? "!" : ""}${escapeName(column.name)}${width}`;
}

function readColumn(text: string): ColumnChoice {
  const pinned = text.startsWith("!");
  const [name = "", width] = (pinned ? text.slice(1) : text).split("~");
  const pixels = Number(width);
  const isWidth = width !== undefined && pixels >= 40 && pixels <= 800;
  return { name: unescapeName(name), pinned, width: isWidth ? pixels : null };
}

function readSmooth(text: string): RunsView["smooth"] {
  const match = /^(ema|gaussian|median)?([0-9.e+-]+)$/.exec(text);
  const half_life = Number(match?.[2]);
  if (!match || !(half_life > 0) || !Number.isFinite(half_life)) return null;
  return { kind: (match[1] ?? "ema") as SmoothKind, half_life };
}

function readRange(text: string): RunsView["zoom"] {
  const [low, high] = text.split("..").map(Number);
  const isRange = text !== "" && low !== undefined && high !== undefined && low < high;
  return isRange && Number.isFinite(low) && Number.isFinite(high) ? [low, high] : null;
}

/** Keep the address readable: only what would break it is escaped. */
export function escapeValue(text: string): string {
  return encodeURIComponent(text)
    .replace(/%20/g, "+")
    .replace(/%(2F|3A|2C|40|3D|3E|3C|7E|21|24|3B|28|29)/gi, (code, hex: string) =>
      ["2F", "3A", "2C", "40", "7E", "21", "24", "28", "29", "3B"].includes(hex.toUpperCase())
        ? decodeURIComponent(code)
        : code,
    );
}

export function writeView(view: RunsView): string {
  const parts: [string, string][] = [];
  const put = (name: string, value: string) => {
    if (value !== "") parts.push([name, value]);
  };
  put("q", view.q);
  put("g", view.group);
  put("s", view.sort);
  if (view.columns) put("c", view.columns.map(writeColumn).join(",") || ",");
  const x = (view.x === "step" ? "" : escapeName(view.x)) + (view.x_log ? "~log" : "");
  put("x", x);
  put("y", view.y_log ? "log" : "");
  if (view.smooth) {
    const kind = view.smooth.kind === "ema" ? "" : view.smooth.kind;
    put("sm", kind + String(view.smooth.half_life));
  }
  if (view.selection_id) put("sel", `@${view.selection_id}`);
  else put("sel", view.selection.join(","));
  put(
    "sec",
    Object.entries(view.sections)
      .map(([name, open]) => (open ? escapeName(name) : `!${escapeName(name)}`))
      .join(","),
  );
  put("pin", writeList(view.pinned));
  if (view.zoom) put("z", `${view.zoom[0]}..${view.zoom[1]}`);
  put("f", view.full ?? "");
  put("m", view.metric_search);
  if (view.curves !== CURVES_DEFAULT) put("n", String(view.curves));
  if (view.band !== "interval") put("b", view.band);
  if (parts.length === 0) return "";
  return `?${parts.map(([name, value]) => `${name}=${escapeValue(value)}`).join("&")}`;
}

export function readView(search: string): RunsView {
  const fields = new URLSearchParams(search);
  const get = (name: string): string => fields.get(name) ?? "";
  const view = defaultView();
  view.q = get("q");
  view.group = get("g");
  view.sort = get("s");
  if (fields.has("c"))
    view.columns = get("c")
      .split(",")
      .filter((part) => part !== "")
      .map(readColumn);
  const [x = "", log] = get("x").split("~");
  view.x = unescapeName(x) || "step";
  view.x_log = log === "log";
  view.y_log = get("y") === "log";
  view.smooth = readSmooth(get("sm"));
  const selection = get("sel");
  if (selection.startsWith("@")) view.selection_id = selection.slice(1);
  else view.selection = selection.split(",").filter((part) => /^[0-9a-v]{12}$/.test(part));
  for (const part of get("sec").split(",").filter((text) => text !== "")) {
    const isOpen = !part.startsWith("!");
    view.sections[unescapeName(isOpen ? part : part.slice(1))] = isOpen;
  }
  view.pinned = readList(get("pin"));
  view.zoom = readRange(get("z"));
  view.full = get("f") || null;
  view.metric_search = get("m");
  const curves = Number(get("n"));
  if (Number.isInteger(curves) && curves > 0) view.curves = curves;
  view.band = BANDS.find((kind) => kind === get("b")) ?? "interval";
  return view;
}
