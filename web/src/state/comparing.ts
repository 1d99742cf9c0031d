import { ApiError, apiUrl, getJson, segment } from "../api/client";
import type { RunsPage } from "../api/types";
import { toast } from "../ui/toast.svelte";
import { RUNS_MAX, RUNS_MIN, writeCompare } from "./compareview";
import { comparePath, router } from "./router.svelte";

/** Go to the comparison of these runs, or say why there is none. */
export function compareRuns(project: string, runs: readonly string[]): void {
  if (runs.length < RUNS_MIN) {
    toast.say("Choose two to eight runs to compare, with x or the squares before the names");
    return;
  }
  if (runs.length > RUNS_MAX)
    toast.say(`The first ${RUNS_MAX} of the ${runs.length} chosen runs are compared`);
  const search = writeCompare({ runs: runs.slice(0, RUNS_MAX), isAll: false });
  router.go(comparePath(project, search));
}

/** Compare the two latest runs that a query finds; the earlier one is A. */
export async function compareLast(project: string, q: string): Promise<void> {
  try {
    const query = { q, sort: "created desc", limit: 2 };
    const { rows } = await getJson<RunsPage>(apiUrl(`projects/${segment(project)}/runs`, query));
    if (rows.length < RUNS_MIN) toast.say("There are no two runs here to compare");
    else compareRuns(project, rows.map((row) => row.id).toReversed());
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast.say(error.message);
  }
}
