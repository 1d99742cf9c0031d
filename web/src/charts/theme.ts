// The colours of styles/tokens.css as a canvas needs them. Read once per theme version.

import { slotColor } from "../data/palette";
import type { DensityInk, Rgb } from "./density/raster";

export interface ChartTheme {
  readonly isDark: boolean;
  /** The system forces its own colours: runs are told apart by dashes. */
  readonly isForced: boolean;
  readonly panel: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly fg: string;
  readonly fg2: string;
  readonly accent: string;
  readonly rest: string;
  readonly bad: string;
  readonly font: string;
  /** Few, many and most series in a pixel: strong is dark on light ground, light on dark. */
  readonly density: DensityInk;
  /** The same in grey, under highlighted runs. */
  readonly densityRest: DensityInk;
}

const LIGHT_INK = ["#86aef2", "#3f78de", "#10337f"] as const;
const DARK_INK = ["#2a4f96", "#5f93f5", "#e6efff"] as const;
const LIGHT_GREY = ["#c4c7ce", "#969aa5", "#5d626e"] as const;
const DARK_GREY = ["#474a54", "#747883", "#aeb2bd"] as const;

function inkOf([few, many, most]: readonly [string, string, string]): DensityInk {
  return [toRgb(few), toRgb(many), toRgb(most)];
}

let cached: { version: unknown; theme: ChartTheme } | null = null;

/** The theme in force; `version` is any value that changes when the theme does. */
export function readTheme(version: unknown): ChartTheme {
  if (cached !== null && cached.version === version) return cached.theme;
  const style = getComputedStyle(document.documentElement);
  const token = (name: string, fallback: string): string =>
    style.getPropertyValue(name).trim() || fallback;
  const isForced = matchMedia("(forced-colors: active)").matches;
  const panel = isForced ? "Canvas" : token("--panel", "#ffffff");
  const fg = isForced ? "CanvasText" : token("--fg", "#202228");
  const isDark = brightness(toRgb(panel)) < 0.5;
  const theme: ChartTheme = {
    isDark,
    isForced,
    panel,
    fg,
    fg2: isForced ? "CanvasText" : token("--fg2", "#555a66"),
    line: isForced ? "GrayText" : token("--line", "#e4e5e9"),
    lineStrong: isForced ? "GrayText" : token("--line-strong", "#c9cbd2"),
    accent: isForced ? "Highlight" : token("--accent", "#2b5cc8"),
    rest: isForced ? "GrayText" : token("--run-rest", "#9a9ca3"),
    bad: isForced ? "CanvasText" : token("--bad", "#b8302a"),
    font: token("--font", "system-ui, sans-serif"),
    density: inkOf(isForced ? [fg, fg, fg] : isDark ? DARK_INK : LIGHT_INK),
    densityRest: inkOf(isForced ? [fg, fg, fg] : isDark ? DARK_GREY : LIGHT_GREY),
  };
  cached = { version, theme };
  return theme;
}

/** Colour of a run: its own, its slot's, or the grey of all others. */
export function runColor(theme: ChartTheme, slot: number | null, own?: string): string {
  if (theme.isForced) return slot === null ? theme.rest : theme.fg;
  return own ?? slotColor(slot, theme.isDark) ?? theme.rest;
}

function brightness([red, green, blue]: Rgb): number {
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}

let probe: CanvasRenderingContext2D | null = null;
const rgbs = new Map<string, Rgb>();

/** Any CSS colour as sRGB bytes, by painting one pixel of it. */
export function toRgb(color: string): Rgb {
  const known = rgbs.get(color);
  if (known) return known;
  probe ??= new OffscreenCanvas(1, 1).getContext("2d", {
    willReadFrequently: true,
  }) as unknown as CanvasRenderingContext2D;
  probe.clearRect(0, 0, 1, 1);
  probe.fillStyle = color;
  probe.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = probe.getImageData(0, 0, 1, 1).data;
  const rgb: Rgb = [red, green, blue];
  rgbs.set(color, rgb);
  return rgb;
}
