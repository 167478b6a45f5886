// What the script page edits, as the form holds it and as the API wants it.
import type { Draft } from "./draft";
import type { Workers } from "./monaco";

/** What the server puts into the page. */
export interface Page {
  id: string | null;
  version: number;
  may_edit: boolean;
  may_run: boolean;
  /** Type, language and entry as saved: what a trial of unsaved source is read by. */
  saved_as: string;
  definition: Definition;
  /** What the user typed and did not save. */
  draft: Draft | null;
  workers: Workers;
}

export interface Definition {
  name: string;
  description: string;
  type: string;
  language: string;
  entry: string | null;
  /** Whether others may import it; of embedded scripts only. */
  library?: boolean;
  source?: string;
  schedule?: { cron: string; timezone: string };
  http?: { path: string; methods: string[]; auth: string; permission: string | null };
  event?: { types: string[] };
  limits: Limits;
  tags: string[];
}

export interface Limits {
  wall_ms: number;
  cpu_ms: number;
  memory_bytes: number;
  api_calls: number;
  service_calls: number;
  output_bytes: number;
  concurrency: number;
}

const MIB = 1 << 20;
const KIB = 1 << 10;

/** Every setting of every type, so that switching the type back and forth loses nothing. */
export function formOf(definition: Definition) {
  const { schedule, http, event, limits } = definition;
  return {
    name: definition.name,
    description: definition.description,
    type: definition.type,
    language: definition.language,
    entry: definition.entry ?? "",
    library: definition.library ?? false,
    cron: schedule?.cron ?? "0 9 * * *",
    timezone: schedule?.timezone ?? "UTC",
    path: http?.path ?? "/",
    methods: http?.methods ?? ["GET"],
    auth: http?.auth ?? "required",
    permission: http?.permission ?? "",
    eventTypes: (event?.types ?? []).join("\n"),
    wallMs: limits.wall_ms,
    cpuMs: limits.cpu_ms,
    memoryMib: limits.memory_bytes / MIB,
    apiCalls: limits.api_calls,
    serviceCalls: limits.service_calls,
    outputKib: limits.output_bytes / KIB,
    concurrency: limits.concurrency,
    tags: definition.tags.join(", "),
  };
}

export type Form = ReturnType<typeof formOf>;

/** The body of a save: only the settings of the chosen type. */
export function definitionOf(form: Form, source: string): Definition {
  const parts: Record<string, Partial<Definition>> = {
    scheduled: { schedule: { cron: form.cron, timezone: form.timezone } },
    http: {
      http: { path: form.path, methods: [...form.methods], auth: form.auth, permission: form.permission || null },
    },
    event: { event: { types: words(form.eventTypes, /\s+/) } },
    embedded: { library: form.library },
  };
  return {
    name: form.name,
    description: form.description,
    type: form.type,
    language: form.language,
    entry: form.entry || null,
    source,
    ...parts[form.type],
    limits: {
      wall_ms: Number(form.wallMs),
      cpu_ms: Number(form.cpuMs),
      memory_bytes: Math.round(Number(form.memoryMib) * MIB),
      api_calls: Number(form.apiCalls),
      service_calls: Number(form.serviceCalls),
      output_bytes: Math.round(Number(form.outputKib) * KIB),
      concurrency: Number(form.concurrency),
    },
    tags: words(form.tags, /\s*,\s*/),
  };
}

function words(text: string, separator: RegExp): string[] {
  return text.trim().split(separator).filter((word) => word !== "");
}
