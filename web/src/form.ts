// What the script page edits, as the form holds it and as the API wants it.
import type { Draft } from "./draft";
import type { Workers } from "./monaco";

/** What the server puts into the page. */
export interface Page {
  id: string | null;
  version: number;
  may_edit: boolean;
  may_run: boolean;
  /** Type, language, entry, library, compatibility date and database as saved: what a trial of unsaved source goes by. */
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
  /** The date whose behaviour of the platform it was written for; as it was, or today, when absent. */
  compatibility?: string;
  /** Which database its calls of `db` ask; the primary one when absent. */
  database?: string;
  source?: string;
  schedule?: Schedule;
  http?: {
    path: string;
    methods: string[];
    auth: string;
    permission: string | null;
    rate_limit_per_minute: number | null;
    caller_rate_limit_per_minute?: number | null;
    signature?: { scheme: string } | null;
    cors_origins?: string[];
    cache_seconds?: number | null;
    before?: string[];
    after?: string[];
  };
  event?: {
    types: string[];
    filter?: unknown;
    priority: number;
    max_attempts: number;
    order_by: string | null;
    debounce_ms?: number | null;
    debounce_key?: string | null;
    batch_ms?: number | null;
    batch_events?: number | null;
    batch_key?: string | null;
  };
  input_schema?: unknown;
  output_schema?: unknown;
  /** Services it may call; `null` for every one. */
  allowed_services: string[] | null;
  run_as: string | null;
  /** A name with `null` is to be removed. */
  metadata?: unknown;
  limits: Limits;
  /** Not of scheduled scripts. */
  concurrency?: { key: string | null; limit: number; when_full: string } | null;
  tags: string[];
}

export interface Schedule {
  cron: string;
  timezone: string;
  missed: string;
  overlap: string;
  jitter_seconds: number;
  /** Absent in what is sent: as it was. */
  starts_at?: string | null;
  ends_at?: string | null;
  pause_after_failures: number | null;
  retries: number;
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
    compatibility: definition.compatibility ?? "",
    database: definition.database ?? "primary",
    cron: schedule?.cron ?? "0 9 * * *",
    timezone: schedule?.timezone ?? "UTC",
    missed: schedule?.missed ?? "latest",
    overlap: schedule?.overlap ?? "forbid",
    jitter: schedule?.jitter_seconds ?? 0,
    startsAt: localOf(schedule?.starts_at, schedule?.timezone),
    endsAt: localOf(schedule?.ends_at, schedule?.timezone),
    savedPeriod: period(schedule),
    retries: schedule?.retries ?? 0,
    pauseAfter: schedule?.pause_after_failures?.toString() ?? "",
    path: http?.path ?? "/",
    methods: http?.methods ?? ["GET"],
    auth: http?.auth ?? "required",
    permission: http?.permission ?? "",
    rate: http?.rate_limit_per_minute?.toString() ?? "",
    callerRate: http?.caller_rate_limit_per_minute?.toString() ?? "",
    scheme: http?.signature?.scheme ?? "standard",
    origins: (http?.cors_origins ?? []).join("\n"),
    cache: http?.cache_seconds?.toString() ?? "",
    before: (http?.before ?? []).join("\n"),
    after: (http?.after ?? []).join("\n"),
    eventTypes: (event?.types ?? []).join("\n"),
    filter: written(event?.filter),
    savedFilter: written(event?.filter),
    priority: event?.priority ?? 0,
    attempts: event?.max_attempts ?? 4,
    debounce: event?.debounce_ms?.toString() ?? "",
    debounceKey: event?.debounce_key ?? "",
    batch: event?.batch_ms?.toString() ?? "",
    batchEvents: event?.batch_events?.toString() ?? "",
    batchKey: event?.batch_key ?? "",
    orderBy: event?.order_by ?? "",
    inputSchema: written(definition.input_schema),
    savedSchema: written(definition.input_schema),
    outputSchema: written(definition.output_schema),
    savedOutput: written(definition.output_schema),
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
    whenFull: definition.concurrency?.when_full ?? "",
    seatKey: definition.concurrency?.key ?? "",
    seatLimit: definition.concurrency?.limit ?? 1,
    tags: definition.tags.join(", "),
  };
}

export type Form = ReturnType<typeof formOf>;

/** The body of a save: only the settings of the chosen type. */
export function definitionOf(form: Form, source: string): Definition {
  const parts: Record<string, Partial<Definition>> = {
    scheduled: {
      schedule: {
        cron: form.cron,
        timezone: form.timezone,
        missed: form.missed,
        overlap: form.overlap,
        jitter_seconds: Number(form.jitter),
        ...changedPeriod(form),
        retries: Number(form.retries),
        pause_after_failures: (form.pauseAfter ?? "") === "" ? null : Number(form.pauseAfter),
      },
    },
    http: {
      http: {
        path: form.path,
        methods: [...form.methods],
        auth: form.auth,
        permission: form.permission || null,
        rate_limit_per_minute: figure(form.rate),
        caller_rate_limit_per_minute: figure(form.callerRate),
        signature: form.auth === "signature" ? { scheme: form.scheme } : null,
        cors_origins: words(form.origins, /\s+/),
        cache_seconds: figure(form.cache),
        before: words(form.before, /\s*\n\s*/),
        after: words(form.after, /\s*\n\s*/),
      },
    },
    event: {
      event: {
        types: words(form.eventTypes, /\s+/),
        ...changed("filter", form.filter, form.savedFilter),
        priority: Number(form.priority),
        max_attempts: Number(form.attempts),
        ...debounced(form),
        ...batched(form),
        order_by: form.orderBy.trim() || null,
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
    ...(form.compatibility ? { compatibility: form.compatibility } : {}),
    database: form.database,
    source,
    ...parts[form.type],
    ...changed("input_schema", form.inputSchema, form.savedSchema),
    ...changed("output_schema", form.outputSchema, form.savedOutput),
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
    ...seats(form),
    tags: words(form.tags, /\s*,\s*/),
  };
}

/** How closely events follow each other of which the last one counts. */
function debounced(form: Form): { debounce_ms: number | null; debounce_key: string | null } {
  if ((form.debounce ?? "") === "") return { debounce_ms: null, debounce_key: null };
  return { debounce_ms: Number(form.debounce), debounce_key: form.debounceKey || null };
}

/** How events are gathered into one execution. */
function batched(form: Form): { batch_ms: number | null; batch_events: number | null; batch_key: string | null } {
  if ((form.batch ?? "") === "") return { batch_ms: null, batch_events: null, batch_key: null };
  return { batch_ms: Number(form.batch), batch_events: figure(form.batchEvents ?? ""), batch_key: form.batchKey || null };
}

/** How many executions about the same thing go on at once; schedules have a setting of their own for that. */
function seats(form: Form): Partial<Definition> {
  if (form.type === "scheduled") return {};
  if (form.whenFull === "") return { concurrency: null };
  return { concurrency: { key: form.seatKey || null, limit: Number(form.seatLimit), when_full: form.whenFull } };
}

/**
 * The form with a draft in it. What is saved stays what a change is told by: a member whose text differs
 * is in the draft, one that does not is in the definition.
 */
export function restored(form: Form, definition: Definition, draft: Draft): Form {
  const settings = (draft.settings ?? {}) as Partial<Definition>;
  const http = definition.http && settings.http ? { http: { ...definition.http, ...settings.http } } : {};
  const event = definition.event && settings.event ? { event: { ...definition.event, ...settings.event } } : {};
  const schedule =
    definition.schedule && settings.schedule ? { schedule: { ...definition.schedule, ...settings.schedule } } : {};
  const { savedFilter, savedSchema, savedOutput, savedMetadata, savedPeriod } = form;
  const found = formOf({ ...definition, ...settings, ...event, ...schedule, ...http });
  return { ...found, savedFilter, savedSchema, savedOutput, savedMetadata, savedPeriod };
}

/** The form once it is saved: what differs from here on is a change. */
export function settle(form: Form): void {
  form.savedFilter = form.filter;
  form.savedSchema = form.inputSchema;
  form.savedOutput = form.outputSchema;
  form.savedPeriod = [form.startsAt, form.endsAt, form.timezone].join();
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

/** What the fields of the period show, and where. */
function period(schedule?: Schedule): string {
  const { starts_at, ends_at, timezone = "UTC" } = schedule ?? {};
  return [localOf(starts_at, timezone), localOf(ends_at, timezone), timezone].join();
}

/** Beginning and end, when they were changed: the fields show less of an instant than there may be. */
function changedPeriod(form: Form): Partial<Schedule> {
  if ([form.startsAt, form.endsAt, form.timezone].join() === form.savedPeriod) return {};
  return { starts_at: instantOf(form.startsAt, form.timezone), ends_at: instantOf(form.endsAt, form.timezone) };
}

/** An instant as a field of date and time shows it, on the clock of a zone. */
function localOf(at: string | null | undefined, zone = "UTC"): string {
  if (!at) return "";
  // Swedish dates are ISO dates.
  const format = new Intl.DateTimeFormat("sv", { dateStyle: "short", timeStyle: "short", timeZone: known(zone) });
  return format.format(new Date(at)).replace(" ", "T");
}

/** The instant at which the clock of a zone shows what a field holds; after a gap, as late as it would have been. */
function instantOf(local: string, zone: string): string | null {
  if (!local) return null;
  const wanted = Date.parse(`${local}Z`);
  // What the clock is ahead by, first as if it showed UTC, then where that leads.
  let at = wanted;
  for (let turn = 0; turn < 2; turn++) at = wanted - (Date.parse(`${localOf(new Date(at).toISOString(), zone)}Z`) - at);
  return new Date(at).toISOString();
}

/** A zone that is no zone is the server's to refuse. */
function known(zone: string): string {
  try {
    return new Intl.DateTimeFormat("sv", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return "UTC";
  }
}

/** An emptied field of numbers is null. */
function figure(text: string | null): number | null {
  return (text ?? "") === "" ? null : Number(text);
}

function words(text: string, separator: RegExp): string[] {
  return text.trim().split(separator).filter((word) => word !== "");
}
