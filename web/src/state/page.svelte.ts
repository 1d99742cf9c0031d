/** What the shown screen tells the top bar. */
class Page {
  /** Readable name of the run shown; the address holds its id. */
  runName: string | null = $state(null);
  /** Readable name of the sweep shown. */
  sweepName: string | null = $state(null);
  /** The Runs view the reader came from, so that going up keeps it. */
  backTo: string | null = $state(null);

  title(text: string): void {
    document.title = text ? `${text} · Peira` : "Peira";
  }
}

export const page = new Page();
