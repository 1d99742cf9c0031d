import type { RunDetail } from "../api/types";
import { formatCount, formatNumber } from "../data/format";

export interface RunHint {
  level: "info" | "warning" | "error";
  text: string;
  /** More words, for those who want them. */
  detail?: string;
}

/** Simple true facts of a run's record that its reader should not miss. */
export function hintsOf(run: RunDetail): RunHint[] {
  const hints: RunHint[] = [];
  const error = run.end?.error;
  if (error) hints.push({ level: "error", text: `${error.type}: ${error.message}`, detail: error.traceback });
  if (run.state === "killed") {
    const signal = run.end?.signal;
    hints.push({ level: "error", text: signal ? `Ended by ${signal}` : "The process is gone and wrote no end" });
  }
  if (run.state === "silent")
    hints.push({ level: "warning", text: "No sign of life for over a minute; its machine cannot be asked from here" });
  for (const [key, summary] of Object.entries(run.metrics)) {
    if (summary.nonfinite === 0 || key.startsWith("system/")) continue;
    const many = `${formatCount(summary.nonfinite)} of ${formatCount(summary.count)} values`;
    const isNow = typeof summary.last === "string";
    const now = isNow ? `, the last one too (step ${formatNumber(summary.last_step)})` : "";
    hints.push({ level: "warning", text: `${key} is NaN or infinite in ${many}${now}` });
  }
  for (const alert of run.alerts_list)
    hints.push({ level: alert.level, text: alert.title, detail: alert.text });
  if (run.lost_points > 0) {
    const many = `${formatCount(run.lost_points)} ${run.lost_points === 1 ? "value" : "values"}`;
    const why = run.lost_reasons.length > 0 ? `: ${run.lost_reasons.join("; ")}` : "";
    hints.push({ level: "warning", text: `${many} not recorded${why}` });
  }
  if (run.problems.length > 0)
    hints.push({
      level: "warning",
      text: `${formatCount(run.problems.length)} damaged ${run.problems.length === 1 ? "record was" : "records were"} left out`,
      detail: run.problems
        .map((one) => `${one.file}, byte ${one.offset}, ${one.length} bytes: ${one.reason}`)
        .join("\n"),
    });
  return hints;
}
