// What the script page edits, as the form holds it and as the API wants it.
import type { Draft } from "./draft";
import type { Workers } from "./monaco";

/** What the server puts into the page. */
export interface Page {
  id: string | null;
  version: number;
  may_edit: boolean;
  may_run: boolean;
  /** Type, language, entry and library as saved: what a trial of unsaved source is read by. */
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
  http?: {
    path: string;
    methods: string[];
    auth: string;
    permission: string | null;
    rate_limit_per_minute: number | null;
  };
  event?: { types: string[]; filter?: unknown; priority: number; max_attempts: number };
  input_schema?: unknown;
  /** Services it may call; `null` for every one. */
  allowed_services: string[] | null;
  run_as: string | null;
  /** A name with `null` is to be removed. */
  metadata?: unknown;
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
    rate: http?.rate_limit_per_minute?.toString() ?? "",
    eventTypes: (event?.types ?? []).join("\n"),
    filter: written(event?.filter),
    savedFilter: written(event?.filter),
    priority: event?.priority ?? 0,
    attempts: event?.max_attempts ?? 4,
    inputSchema: written(definition.input_schema),
    savedSchema: written(definition.input_schema),
    runAs: definition.run_as ?? "",
    allServices: (definition.allowed_services ?? null) === null,
    services: definition.allowed_services ?? [],
    metadata: entries(definition.metadata),
    savedMetadata: entries(definition.metadata),
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
      http: {
        path: form.path,
        methods: [...form.methods],
        auth: form.auth,
        permission: form.permission || null,
        // An emptied field of numbers is null.
        rate_limit_per_minute: (form.rate ?? "") === "" ? null : Number(form.rate),
      },
    },
    event: {
      event: {
        types: words(form.eventTypes, /\s+/),
        ...changed("filter", form.filter, form.savedFilter),
        priority: Number(form.priority),
        max_attempts: Number(form.attempts),
      },
    },
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
    ...changed("input_schema", form.inputSchema, form.savedSchema),
    ...changedEntries("metadata", form.metadata, form.savedMetadata),
    allowed_services: form.allServices ? null : [...form.services],
    run_as: form.runAs || null,
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

/**
 * The form with a draft in it. What is saved stays what a change is told by: a member whose text differs
 * is in the draft, one that does not is in the definition.
 */
export function restored(form: Form, definition: Definition, draft: Draft): Form {
  const settings = (draft.settings ?? {}) as Partial<Definition>;
  const event = definition.event && settings.event ? { event: { ...definition.event, ...settings.event } } : {};
  const { savedFilter, savedSchema, savedMetadata } = form;
  return { ...formOf({ ...definition, ...settings, ...event }), savedFilter, savedSchema, savedMetadata };
}

/** The form once it is saved: what differs from here on is a change. */
export function settle(form: Form): void {
  form.savedFilter = form.filter;
  form.savedSchema = form.inputSchema;
  form.savedMetadata = form.metadata.trim() === "" ? "" : form.metadata;
}

/** JSON as the form shows it; nothing for no value. */
function written(value: unknown): string {
  return value === null || value === undefined ? "" : JSON.stringify(value, null, 2);
}

/**
 * A member whose text was changed: what was not stays as the server has it, to the last blank. What is
 * no JSON is sent as text, for the server to refuse.
 */
function changed(name: string, text: string, saved: string): Record<string, unknown> {
  if (text === saved) return {};
  if (text.trim() === "") return { [name]: null };
  try {
    return { [name]: JSON.parse(text) };
  } catch {
    return { [name]: text };
  }
}

/** An object's members as the form shows them: nothing for none; those to be removed are gone. */
function entries(value: unknown): string {
  const left = Object.entries((value ?? {}) as object).filter(([, member]) => member !== null);
  return left.length === 0 ? "" : written(Object.fromEntries(left));
}

/** The members of an object that was changed, with `null` for those that were removed. */
function changedEntries(name: string, text: string, saved: string): Record<string, unknown> {
  const { [name]: value } = changed(name, text.trim() === "" && saved !== "" ? "{}" : text, saved);
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) return { [name]: value };
  const removed = Object.keys(saved === "" ? {} : JSON.parse(saved)).map((key) => [key, null]);
  return { [name]: { ...Object.fromEntries(removed), ...value } };
}

function words(text: string, separator: RegExp): string[] {
  return text.trim().split(separator).filter((word) => word !== "");
}
