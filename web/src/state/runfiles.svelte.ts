import { ApiError, apiUrl, getJson, segment } from "../api/client";
import type { RunFiles, SeenFile } from "../api/types";
import { Latest } from "./latest";

/** The files that a run ran, opened and wrote. */
export class FilesScreen {
  readonly #run: string;
  readonly #latest = new Latest();
  data: RunFiles | null = $state.raw(null);
  error: string | null = $state(null);

  constructor(run: string) {
    this.#run = run;
  }

  refresh(): void {
    this.#latest.run(() => this.#load());
  }

  async #load(): Promise<void> {
    try {
      this.data = await getJson<RunFiles>(apiUrl(`runs/${segment(this.#run)}/files`));
      this.error = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.error = error.message;
    }
  }
}

/** Texts up to this size are opened in the page. */
export const OPENED_BYTES_MAX = 1024 * 1024;

/** Where the content of a file is, in words. */
export function placeOf(file: SeenFile): string {
  if (file.kept) return "kept";
  if (file.tracked) return "in git at the commit";
  return file.reason || (file.digest === null ? "not read" : "digest only");
}
