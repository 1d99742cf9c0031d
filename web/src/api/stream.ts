import { getJson, apiUrl, root } from "./client";
import { LiveSource, type LiveNews } from "./livesource";
import type { LabInfo } from "./types";

const POLL_MS = 2_000;

/**
 * Listen for changes of the lab: a shared worker's stream where there is one, else this tab's own
 * stream. While no stream is open, the lab's revision is polled. Returns a function that stops.
 */
export function listen(tell: (news: LiveNews) => void): () => void {
  const url = new URL(apiUrl("events"), location.href).href;
  const channel = `peira-live:${root}`;
  let connected = false;
  let rev = -1;

  const receive = (news: LiveNews) => {
    if (news.kind === "state") connected = news.connected;
    else rev = news.hint.rev;
    tell(news);
  };
  const poll = setInterval(() => {
    if (connected || document.hidden) return;
    getJson<LabInfo>(apiUrl("lab")).then(
      (lab) => {
        if (rev >= 0 && lab.rev !== rev) tell({ kind: "change", hint: { rev: lab.rev, runs: [] } });
        rev = lab.rev;
      },
      () => tell({ kind: "state", connected: false }),
    );
  }, POLL_MS);

  if (typeof SharedWorker === "undefined") {
    const source = new LiveSource(url, receive);
    return () => {
      clearInterval(poll);
      source.close();
    };
  }
  const inbox = new BroadcastChannel(channel);
  inbox.onmessage = (event: MessageEvent<LiveNews>) => receive(event.data);
  const worker = new SharedWorker(new URL("./live.worker.ts", import.meta.url), {
    type: "module",
    name: "peira-live",
  });
  worker.port.start();
  worker.port.postMessage({ url, channel });
  return () => {
    clearInterval(poll);
    inbox.close();
    worker.port.close();
  };
}
