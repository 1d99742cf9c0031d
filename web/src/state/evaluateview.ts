import type { Measure } from "../data/grid";

export type Panel = "samples" | "classes" | "curves" | "slices";
export type Change = "fixed" | "broken" | "both_wrong";
export const PANELS: readonly Panel[] = ["samples", "classes", "curves", "slices"];
export const SORTS = ["-loss", "loss", "-score", "score", "id"] as const;
export const CHANGES: readonly Change[] = ["fixed", "broken", "both_wrong"];
export type Sort = (typeof SORTS)[number];

/** What the address of the Evaluate screen says. */
export interface EvaluateView {
  step: number | null;
  order: "label" | "confusion";
  measure: Measure;
  panel: Panel;
  /** Labels of the chosen cell; one of them alone chooses a row or a column. */
  truth: string | null;
  predicted: string | null;
  /** Only wrong samples. */
  wrong: boolean;
  column: string | null;
  value: string | null;
  sort: Sort;
  page: number;
  /** Class whose curves are shown, and the threshold on its score. */
  of: string | null;
  threshold: number | null;
  /** The run that this one is held against. */
  other: string | null;
  change: Change;
}

const oneOf = <T extends string>(known: readonly T[], text: string | null, fallback: T): T =>
  known.find((one) => one === text) ?? fallback;

function numberOf(text: string | null): number | null {
  if (text === null || text.trim() === "") return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

export function readEvaluate(search: string): EvaluateView {
  const fields = new URLSearchParams(search);
  const step = numberOf(fields.get("step"));
  return {
    step: step !== null && Number.isInteger(step) ? step : null,
    order: oneOf(["label", "confusion"], fields.get("order"), "label"),
    measure: oneOf(["count", "row", "column"], fields.get("show"), "count"),
    panel: oneOf(PANELS, fields.get("panel"), "samples"),
    truth: fields.get("true"),
    predicted: fields.get("predicted"),
    wrong: fields.get("wrong") === "1",
    column: fields.get("column"),
    value: fields.get("value"),
    sort: oneOf(SORTS, fields.get("sort"), "-loss"),
    page: Math.max(0, Math.trunc(numberOf(fields.get("page")) ?? 0)),
    of: fields.get("of"),
    threshold: numberOf(fields.get("threshold")),
    other: fields.get("other") || null,
    change: oneOf(CHANGES, fields.get("change"), "fixed"),
  };
}

/** Only what differs from the plain view stands in the address. */
export function writeEvaluate(view: EvaluateView): string {
  const fields = new URLSearchParams();
  const put = (name: string, value: string | number | null, plain: string | number | null = null) => {
    if (value !== null && value !== plain) fields.set(name, String(value));
  };
  put("step", view.step);
  put("order", view.order, "label");
  put("show", view.measure, "count");
  put("panel", view.panel, "samples");
  put("true", view.truth);
  put("predicted", view.predicted);
  put("wrong", view.wrong ? 1 : null);
  put("column", view.column);
  put("value", view.value);
  put("sort", view.sort, "-loss");
  put("page", view.page, 0);
  put("of", view.of);
  put("threshold", view.threshold);
  put("other", view.other);
  put("change", view.change, "fixed");
  const text = fields.toString();
  return text ? `?${text}` : "";
}
