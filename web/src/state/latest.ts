/**
 * Runs one task at a time and only the newest of those that wait: typing fast asks the server as
 * often as it can answer, never more.
 */
export class Latest {
  #running = false;
  #next: (() => Promise<void>) | null = null;

  run(task: () => Promise<void>): void {
    if (this.#running) {
      this.#next = task;
      return;
    }
    this.#running = true;
    void task().finally(() => {
      this.#running = false;
      const next = this.#next;
      this.#next = null;
      if (next) this.run(next);
    });
  }
}
