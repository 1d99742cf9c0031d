import { apiUrl, getJson, segment } from "../api/client";
import type { RunRow, RunsPage } from "../api/types";

/** Runs of a project whose name holds a text, the latest first; with a metric only those that have it, with its value. */
export async function findRuns(project: string, text: string, limit: number, metric: string | null = null): Promise<RunRow[]> {
  const wanted = text.trim().replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  const column = metric === null ? null : metricColumn(metric);
  const conditions = [...(wanted ? [`name ~ ${JSON.stringify(wanted)}`] : []), ...(column === null ? [] : [`${column} is not missing`])];
  const q = `${conditions.join(" and ")} sort created desc`;
  const url = apiUrl(`projects/${segment(project)}/runs`, { q, limit, columns: column });
  return (await getJson<RunsPage>(url)).rows;
}

/** A metric as the query language names it, whatever its name holds. */
export const metricColumn = (metric: string) => `metrics.\`${metric}\``;
