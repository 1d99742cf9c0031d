/** The clock, in seconds since the Unix epoch, advancing once a second while something reads it. */
import { createSubscriber } from "svelte/reactivity";

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, 1_000);
  return () => clearInterval(timer);
});

export function nowSeconds(): number {
  subscribe();
  return Date.now() / 1_000;
}
