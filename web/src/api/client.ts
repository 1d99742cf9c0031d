/** The one place that talks HTTP. Every URL is relative to the document's base. */

export interface ProblemDetails {
  title?: string;
  status: number;
  code: string;
  detail?: string;
  hint?: string;
  position?: number;
  length?: number;
  suggestions?: string[];
  request_id?: string;
}

/** The server said no (`kind: "problem"`), or could not be reached (`kind: "network"`). */
export class ApiError extends Error {
  readonly kind: "problem" | "network";
  readonly problem: ProblemDetails;

  constructor(kind: "problem" | "network", problem: ProblemDetails) {
    super(problem.detail ?? problem.title ?? "The server did not answer.");
    this.kind = kind;
    this.problem = problem;
  }
}

/** The path of the dashboard's root, with a slash at the end; "/" unless a proxy moves it. */
export const root: string =
  typeof document === "undefined" ? "/" : new URL(".", document.baseURI).pathname;

export function apiUrl(path: string, query: Record<string, string | number | boolean | null> = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return `${root}api/${path}${text ? `?${text}` : ""}`;
}

export const segment = encodeURIComponent;

async function send(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("network", { status: 0, code: "network", title: "Server not reachable" });
  }
  if (response.ok) return response;
  throw new ApiError("problem", await readProblem(response));
}

async function readProblem(response: Response): Promise<ProblemDetails> {
  const id = response.headers.get("x-request-id") ?? undefined;
  const base = { status: response.status, code: "http", title: response.statusText };
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  if (!isJson) return { ...base, request_id: id };
  const body = (await response.json()) as Partial<ProblemDetails>;
  return { request_id: id, ...base, ...body };
}

export async function getJson<T>(url: string, signal?: AbortSignal): Promise<T> {
  const response = await send(url, { signal: signal ?? null });
  return (await response.json()) as T;
}

export async function getBytes(url: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  return (await send(url, { signal: signal ?? null })).arrayBuffer();
}

export async function getText(url: string, signal?: AbortSignal): Promise<string> {
  return (await send(url, { signal: signal ?? null })).text();
}

/** POST that only reads (a question too long for a URL); answers bytes. */
export async function askBytes(url: string, body: unknown, signal?: AbortSignal) {
  const response = await send(url, {
    priority: "low", // pictures wait for rows
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: signal ?? null,
  });
  return response.arrayBuffer();
}

export async function write<T>(
  method: "POST" | "PUT" | "PATCH" | "DELETE",
  url: string,
  body?: unknown,
): Promise<T> {
  const response = await send(url, {
    method,
    headers: { "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  return (text ? JSON.parse(text) : null) as T;
}
