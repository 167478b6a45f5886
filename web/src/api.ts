// The management API as pages call it: same origin, session cookie, problem documents as errors.
import type { Current } from "./draft";
import { hasText, text } from "./texts";

export interface FieldProblem {
  field: string;
  code: string;
  message: string;
  params?: Record<string, string>;
}

/** A refusal of the API, or a request that did not arrive (`status` 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly errors: FieldProblem[] = [],
    /** What somebody else has saved, of a stale version. */
    readonly current?: Current,
  ) {
    super(detail);
  }
}

export async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method, headers: { accept: "application/json" } };
  if (body !== undefined) {
    init.headers = { ...init.headers, "content-type": "application/json" };
    init.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, init);
  } catch {
    throw new Problem(0, "offline", text("js-offline"));
  }
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return undefined as T;
  const type = response.headers.get("content-type") ?? "";
  return (type.includes("json") ? await response.json() : await response.text()) as T;
}

/** What to tell the user about a failed call. */
export function explain(error: unknown): string {
  if (!(error instanceof Problem)) return text("js-unexpected");
  const known = `js-problem-${error.code.replaceAll(".", "_")}`;
  if (hasText(known)) return text(known);
  if (error.status === 403) return text("js-forbidden");
  if (error.status === 404) return text("js-gone");
  if (error.status >= 500) return text("js-unexpected");
  return error.message || text("js-unexpected");
}

/** The rule a field broke, in the page's language where the catalogue knows the rule. */
export function explainField(error: FieldProblem): string {
  const params: Record<string, string> = { ...error.params, message: error.message };
  const part = `js-cron-${params.part}`;
  if (hasText(part)) params.part = text(part);
  const bounds = "min" in params ? "-min" : "";
  const limit = params.unit === "bytes" ? "-bytes" : "max" in params ? "-max" : "";
  const rule = `js-field-${error.code.replaceAll(".", "_")}`;
  for (const key of [`${rule}${bounds}${limit}`, rule]) {
    if (hasText(key) && places(text(key)).every((name) => name in params)) return text(key, params);
  }
  return error.message;
}

function places(message: string): string[] {
  return [...message.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
}

async function problemOf(response: Response): Promise<Problem> {
  if (response.status === 401 && location.pathname !== "/login") {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  try {
    const problem = await response.json();
    const detail = problem.detail ?? problem.title ?? "";
    return new Problem(response.status, problem.code ?? "", detail, problem.errors ?? [], problem.current);
  } catch {
    return new Problem(response.status, "", "");
  }
}
