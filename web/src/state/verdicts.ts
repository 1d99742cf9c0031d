import type { Outcome, RunDetail, Verdict, Verification } from "../api/types";
import { formatCount, formatNumber } from "../data/format";
import type { IconName } from "../ui/icons";

export interface OutcomeLook {
  sentence: string;
  icon: IconName;
  tone: "ok" | "warn" | "bad" | "muted";
}

/** The only five outcomes of a re-run, in the words of `peira/lab/verifications.py`. */
export const OUTCOMES: Readonly<Record<Outcome, OutcomeLook>> = {
  exact: { sentence: "reproduced exactly", icon: "finished", tone: "ok" },
  rounding: { sentence: "reproduced up to rounding", icon: "finished", tone: "ok" },
  noise: { sentence: "consistent with seed noise (weak evidence)", icon: "silent", tone: "warn" },
  different: { sentence: "did not reproduce", icon: "failed", tone: "bad" },
  "not-run": { sentence: "could not run", icon: "killed", tone: "muted" },
};

/** What was said of a run as a re-run of its origin, latest first. */
export function saidOfRerun(run: RunDetail): Verification | undefined {
  return run.verifications.find((one) => one.rerun === run.id || one.reruns.includes(run.id));
}

/** What was said of re-runs of this run, latest first. */
export const saidOfOriginal = (run: RunDetail): Verification[] =>
  run.verifications.filter((one) => one.original === run.id);

/** The numbers behind a verdict, each as one phrase. */
export function numbersOf(verdict: Verdict): string[] {
  const said: string[] = [];
  if (verdict.metrics > 0) {
    const metrics = `${formatCount(verdict.metrics)} ${verdict.metrics === 1 ? "metric" : "metrics"}`;
    // What decided it may be just that.
    if (!verdict.because.startsWith(metrics))
      said.push(`${metrics}, ${formatCount(verdict.points)} ${verdict.points === 1 ? "point" : "points"} compared`);
  }
  if (verdict.metrics > 0 && verdict.relative === 0) said.push("all of them bitwise equal");
  else if (verdict.relative !== null && verdict.relative > 0) {
    const where = verdict.worst ? ` (${verdict.worst})` : "";
    said.push(`largest relative difference ${formatNumber(verdict.relative, 3)}${where}`);
  }
  if (verdict.predictions_equal !== null)
    said.push(`${formatNumber(100 * verdict.predictions_equal)} % of predictions equal`);
  if (verdict.is_deterministic !== null)
    said.push(verdict.is_deterministic ? "re-runs agree among themselves" : "re-runs differ among themselves");
  if (verdict.replicates > 0)
    said.push(`interval from ${formatCount(verdict.replicates)} runs with other seeds`);
  if (verdict.left_out.length > 0) said.push(`not compared: ${verdict.left_out.join(", ")}`);
  return said;
}
