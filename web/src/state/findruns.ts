import { apiUrl, getJson, segment } from "../api/client";
import type { RunRow, RunsPage } from "../api/types";

/** Runs of a project whose name holds a text; with no text the latest. */
export async function findRuns(project: string, text: string, limit: number): Promise<RunRow[]> {
  const wanted = text.trim().replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  const q = wanted ? `name ~ ${JSON.stringify(wanted)}` : "sort created desc";
  const url = apiUrl(`projects/${segment(project)}/runs`, { q, limit });
  return (await getJson<RunsPage>(url)).rows;
}
