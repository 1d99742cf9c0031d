import { apiUrl, getJson, getText, segment } from "../api/client";
import type { CompareFileRow, CompareRun, CompareVersion, ConsoleChunk } from "../api/types";
import { textLines } from "../data/diff";

const CONSOLE_BYTES_MAX = 1024 * 1024;

export interface FileText {
  side: "old" | "new";
  lines: string[];
}

/** How the whole text of one side of a change is read; null where neither side's was kept. */
export function textSource(
  row: CompareFileRow,
  to: readonly number[],
  runs: readonly CompareRun[],
): (() => Promise<FileText>) | null {
  const sides = [["new", to[0] ?? 0], ["old", 0]] as const;
  for (const [side, index] of sides) {
    const [version, run] = [row.versions[index], runs[index]];
    const read = version && run ? readerOf(version, run) : null;
    if (read) return async () => ({ side, lines: textLines(await read()) });
  }
  return null;
}

function readerOf(version: CompareVersion, run: CompareRun): (() => Promise<string>) | null {
  const { digest, origin } = version;
  if (origin === "console") {
    const url = apiUrl(`runs/${segment(run.id)}/console`, { after: 0, limit: CONSOLE_BYTES_MAX });
    return async () => (await getJson<ConsoleChunk>(url)).text;
  }
  if (digest === null || (origin !== "kept" && origin !== "artifact")) return null;
  return () => getText(apiUrl(`objects/${digest}`, { mime: "text/plain" }));
}
