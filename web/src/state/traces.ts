import { askBytes, apiUrl } from "../api/client";
import { Cache } from "../api/cache";
import { decodeColumns, seriesOf, type Columns } from "../api/columns";
import type { Series } from "../data/series";
import type { BandKind, RunsView } from "./view";

const CACHE_BYTES_MAX = 96 * 1024 * 1024;
/** A browser opens six connections a host: most stay free for what the reader does meanwhile. */
const AT_ONCE_MAX = 2;

/** A question for curves; `runs`, or `project` with `q`. */
export interface TraceRequest {
  runs?: readonly string[];
  project?: string;
  q?: string;
  keys: readonly string[];
  x: string;
  pixels: number;
  x_min: number | null;
  x_max: number | null;
  smooth: RunsView["smooth"];
  group?: string;
  band?: BandKind;
}

export interface Curves {
  series: readonly Series[];
  total_points: number;
  took_ms: number;
}

const cache = new Cache<Curves>(CACHE_BYTES_MAX);
const waiting: (() => void)[] = [];
let asking = 0;

async function turn(signal: AbortSignal): Promise<void> {
  if (asking >= AT_ONCE_MAX) await new Promise<void>((resolve) => waiting.push(resolve));
  asking += 1;
  if (signal.aborted) {
    leave();
    throw new DOMException("the panel no longer wants this", "AbortError");
  }
}

function leave(): void {
  asking -= 1;
  waiting.shift()?.();
}

/** Curves for a request at a revision of its runs; the same pair is asked of the server once. */
export async function fetchCurves(
  request: TraceRequest,
  rev: string,
  labelOf: (run: string) => string,
  signal: AbortSignal,
): Promise<Curves> {
  const key = `${rev} ${JSON.stringify(request)}`;
  const known = cache.get(key);
  if (known) return known;
  await turn(signal);
  try {
    const bytes = await askBytes(apiUrl("traces"), request, signal);
    const columns: Columns = decodeColumns(bytes);
    const curves: Curves = {
      series: seriesOf(columns, labelOf),
      total_points: columns.totalPoints,
      took_ms: columns.tookMs,
    };
    cache.set(key, curves, bytes.byteLength);
    return curves;
  } finally {
    leave();
  }
}

/** New curves in the place of the old ones of the same runs. */
export function mergeCurves(old: readonly Series[], fresh: readonly Series[]): Series[] {
  const byRun = new Map(fresh.map((series) => [series.run, series]));
  const kept = old.map((series) => byRun.get(series.run) ?? series);
  const known = new Set(old.map((series) => series.run));
  return [...kept, ...fresh.filter((series) => !known.has(series.run))];
}
