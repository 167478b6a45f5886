// Following one execution live: log lines, status changes and the end, over server-sent events.
import { api } from "./api";
import { text } from "./texts";

export interface LogLine {
  seq: number;
  level: "debug" | "info" | "warn" | "error";
  message: string;
  at: string;
}

/** How far an execution says it is. */
export interface Progress {
  done: number;
  total?: number | null;
  text?: string | null;
}

export interface Failure {
  code: string;
  message: string;
  line?: number | null;
  column?: number | null;
  stack?: string | null;
}

export interface Execution {
  id: string;
  status: "pending" | "running" | "completed" | "failed" | "timeout" | "cancelled";
  output: unknown;
  error: Failure | null;
  progress?: Progress | null;
  dry_run?: boolean;
  effects?: { kind: string; target: string; summary: string }[];
  dropped_effects?: number;
  metrics: { queued_ms: number; duration_ms: number; cpu_ms: number; memory_peak_bytes: number };
}

export interface Watcher {
  log(line: LogLine): void;
  progress(progress: Progress): void;
  status(status: Execution["status"]): void;
  done(execution: Execution): void;
  lost(error: unknown): void;
}

/** Calls the watcher until the execution has ended; the result stops watching. */
export function watch(id: string, watcher: Watcher): () => void {
  const stream = new EventSource(`/api/v1/executions/${id}/stream`);
  const on = (name: string, handle: (data: never) => void) =>
    stream.addEventListener(name, (event) => handle(JSON.parse((event as MessageEvent<string>).data) as never));
  on("log", (line: LogLine) => watcher.log(line));
  on("progress", (progress: Progress) => watcher.progress(progress));
  on("status", (change: { status: Execution["status"] }) => watcher.status(change.status));
  on("done", (execution: Execution) => {
    stream.close();
    watcher.done(execution);
  });
  stream.addEventListener("error", () => {
    // The browser reconnects by itself, and the server goes on after the last line it sent.
    if (stream.readyState !== EventSource.CLOSED) return;
    api<Execution>("GET", `/executions/${id}`).then(watcher.done, watcher.lost);
  });
  return () => stream.close();
}

/** Shows how far it is: the bar, and `3 of 10` or `3` as the result. */
export function showProgress(bar: HTMLProgressElement, { done, total }: Progress): string {
  const known = typeof total === "number" && total > 0;
  if (known) bar.value = Math.min(1, done / total);
  else bar.removeAttribute("value");
  const shown = (amount: number) => String(Math.round(amount * 100) / 100);
  return typeof total === "number" ? text("js-progress-count", { done: shown(done), total: shown(total) }) : shown(done);
}

export function isFinal(status: string): boolean {
  return status !== "pending" && status !== "running";
}

/** `345 ms`, `1.2 s`, `2 min 5 s` in the page's language. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return text("js-unit-ms", { n: Math.round(milliseconds) });
  if (milliseconds < 60_000) return text("js-unit-s", { n: (milliseconds / 1000).toFixed(1) });
  const seconds = Math.floor(milliseconds / 1000);
  return text("js-unit-min-s", { min: Math.floor(seconds / 60), s: seconds % 60 });
}
