/// <reference lib="webworker" />
/**
 * One event stream for the whole browser: HTTP/1.1 allows six connections a host, and a stream a
 * tab would use them up. The worker owns the stream and tells every tab by BroadcastChannel.
 */
import { LiveSource } from "./livesource";

const scope = self as unknown as SharedWorkerGlobalScope;
let source: LiveSource | null = null;

scope.onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  port.onmessage = (message: MessageEvent<{ url: string; channel: string }>) => {
    const { url, channel } = message.data;
    if (!source) {
      const out = new BroadcastChannel(channel);
      source = new LiveSource(url, (news) => out.postMessage(news));
    }
    source.announce();
  };
};
