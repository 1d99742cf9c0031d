import { apiUrl, getJson } from "../api/client";
import type { LabInfo } from "../api/types";
import { toast } from "../ui/toast.svelte";

const LATER_MS = 300;

/** The lab this dashboard shows: its name, folder and the reader's user name. */
class Lab {
  info: LabInfo | null = $state.raw(null);
  #project_names: string[] = $state.raw([]);

  start(): void {
    // Only a name in the top bar: the screen's own questions go first.
    setTimeout(() => this.#load(), LATER_MS);
  }

  #load(): void {
    getJson<LabInfo>(apiUrl("lab")).then(
      (info) => (this.info = info),
      () => undefined, // the strip of the top bar already tells that the server is not there
    );
  }

  /** Projects seen last on Home, for the palette. */
  get projects(): string[] {
    return this.#project_names;
  }

  set projects(names: string[]) {
    this.#project_names = names;
  }

  copyLink = (): void => {
    navigator.clipboard.writeText(location.href).then(
      () => toast.say("Link to this view copied"),
      () => toast.say("The browser refused access to the clipboard"),
    );
  };
}

export const lab = new Lab();
