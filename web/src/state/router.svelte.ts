import { root } from "../api/client";

export type Route =
  | { kind: "home" }
  | { kind: "runs"; project: string }
  | { kind: "run"; project: string; run: string }
  | { kind: "compare"; project: string }
  | { kind: "explore"; project: string }
  | { kind: "sweeps"; project: string }
  | { kind: "sweep"; project: string; sweep: string }
  | { kind: "evaluate"; project: string; run: string; name: string }
  | { kind: "data" }
  | { kind: "version"; name: string; number: number }
  | { kind: "unknown"; path: string };

/** Read a path below the dashboard's root. */
export function parseRoute(path: string): Route {
  const parts = path.split("/").filter((part) => part !== "");
  try {
    const [first, project, third, run, fifth, name] = parts.map(decodeURIComponent);
    if (parts.length === 0) return { kind: "home" };
    if (first === "p" && project !== undefined) {
      if (parts.length === 2) return { kind: "runs", project };
      if (parts.length === 3 && third === "compare") return { kind: "compare", project };
      if (parts.length === 3 && third === "explore") return { kind: "explore", project };
      if (parts.length === 3 && third === "sweeps") return { kind: "sweeps", project };
      if (parts.length === 4 && third === "sweeps" && run !== undefined) return { kind: "sweep", project, sweep: run };
      if (parts.length === 4 && third === "r" && run !== undefined)
        return { kind: "run", project, run };
      if (parts.length === 6 && third === "r" && fifth === "eval" && run !== undefined && name !== undefined)
        return { kind: "evaluate", project, run, name };
    }
    if (first === "data" && parts.length === 1) return { kind: "data" };
    if (first === "data" && parts.length === 3 && project !== undefined && /^\d{1,9}$/.test(third ?? ""))
      return { kind: "version", name: project, number: Number(third) };
  } catch {
    // A lone % is no address of ours.
  }
  return { kind: "unknown", path };
}

export const homePath = (): string => root;
export const projectPath = (project: string, search = ""): string =>
  `${root}p/${encodeURIComponent(project)}${search}`;
export const runPath = (project: string, run: string, search = ""): string =>
  `${root}p/${encodeURIComponent(project)}/r/${encodeURIComponent(run)}${search}`;
export const comparePath = (project: string, search: string): string =>
  `${root}p/${encodeURIComponent(project)}/compare${search}`;
export const explorePath = (project: string, search = ""): string =>
  `${root}p/${encodeURIComponent(project)}/explore${search}`;
export const sweepsPath = (project: string, sweep?: string, search = ""): string =>
  `${root}p/${encodeURIComponent(project)}/sweeps${sweep === undefined ? "" : `/${encodeURIComponent(sweep)}`}${search}`;

export const evaluatePath = (project: string, run: string, name: string, search = ""): string =>
  `${runPath(project, run)}/eval/${encodeURIComponent(name)}${search}`;
export const dataPath = (name?: string, number?: number, search = ""): string =>
  `${root}data${name === undefined ? "" : `/${encodeURIComponent(name)}/${number}`}${search}`;

/** The address bar: what is shown follows from it alone. */
class Router {
  path = $state("/");
  search = $state("");
  hash = $state("");
  route: Route = $derived(parseRoute(this.path));
  /** Addresses pushed by this tab and not yet gone back from: what ⌘Z may undo. */
  #pushed = 0;

  start(): void {
    this.#read();
    addEventListener("popstate", () => {
      this.#pushed = Math.max(0, this.#pushed - 1);
      this.#read();
    });
    document.addEventListener("click", (event) => this.#follow(event));
  }

  /** Go to an address. `replace` for what changes while a pointer or a key is down. */
  go(url: string, options: { replace?: boolean } = {}): void {
    const target = new URL(url, location.origin);
    const address = target.pathname + target.search + target.hash;
    if (address === location.pathname + location.search + location.hash) return;
    if (options.replace) history.replaceState(null, "", address);
    else {
      history.pushState(null, "", address);
      this.#pushed += 1;
    }
    this.#read();
  }

  setSearch(search: string, options: { replace?: boolean } = {}): void {
    this.go(location.pathname + search + location.hash, options);
  }

  setHash(hash: string, options: { replace?: boolean } = {}): void {
    this.go(location.pathname + location.search + hash, options);
  }

  undo(): void {
    if (this.#pushed > 0) history.back();
  }

  #read(): void {
    const path = location.pathname;
    this.path = path.startsWith(root) ? `/${path.slice(root.length)}` : path;
    this.search = location.search;
    this.hash = location.hash;
  }

  /** Plain clicks on links inside the dashboard stay inside; all others are the browser's. */
  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest("a");
    if (!link || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || !link.pathname.startsWith(root)) return;
    const route = parseRoute(`/${link.pathname.slice(root.length)}`);
    if (route.kind === "unknown") return;
    event.preventDefault();
    this.go(link.href);
  }
}

export const router = new Router();
