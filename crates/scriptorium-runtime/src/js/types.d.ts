// The script API of Scriptorium. Every global is also ctx.<name> and sdk.<name>.

/** Libraries of the tenant; what they export is not known here. */
declare module "lib/*";

/** A Date, milliseconds since the epoch, or ISO 8601 text. */
type DateLike = Date | number | string;

/** Errors of the platform and of services. */
interface Error {
  /** Stable code, such as VALIDATION_ERROR, NOT_FOUND, PERMISSION_DENIED. */
  code?: string;
  /** The argument or field at fault. */
  field?: string;
  /** More about the error. */
  details?: any;
}

interface HttpOptions {
  headers?: Record<string, string | number>;
  query?: Record<string, string | number | boolean | Array<string | number | boolean>>;
  /** Sent as a form, in place of data. */
  form?: Record<string, string | number | boolean | Array<string | number | boolean>>;
  /** Milliseconds for all of it, redirects and retries included: at most 30,000, else 10,000. */
  timeout?: number;
  /** How often a GET or HEAD is sent again that failed on its way, or was answered with 429, 502, 503 or 504: at most 5, else 0. */
  retries?: number;
  /** Whether redirects are followed, five at most, or answered; else they are followed. */
  redirect?: "follow" | "manual";
  /** Most bytes of the body that is read, after decompression: at most 10,485,760, which it is else. */
  maxBytes?: number;
  /** Ends the wait and the request when it aborts; the error is the signal's reason. */
  signal?: AbortSignal;
  /** Data of http.request. */
  body?: unknown;
}

interface HttpResponse<T = any> {
  readonly status: number;
  /** Whether the status is 200 to 299. */
  readonly ok: boolean;
  /** By lower-case name. */
  readonly headers: Record<string, string>;
  /** Who answered, after redirects. */
  readonly url: string;
  /** How many redirects were followed. */
  readonly redirects: number;
  /** JSON as its value, text as text, anything else as bytes. */
  readonly body: T;
}

/** What handleRequest is given. */
interface HttpRequest<T = any> {
  readonly method: string;
  readonly path: string;
  readonly params: Record<string, string>;
  readonly query: Record<string, string | string[]>;
  /** By lower-case name. */
  readonly headers: Record<string, string>;
  /** Parsed by content type: JSON, form, form with files (each a FormFile), text, or bytes. */
  readonly body: T;
  readonly rawBody: Uint8Array;
  readonly ip: string;
  readonly url: string;
}

/** A file of a form. */
interface FormFile {
  /** Of the field. */
  readonly name: string;
  /** As the sender calls it: no path to be trusted. */
  readonly filename: string;
  readonly contentType: string | null;
  readonly size: number;
  readonly bytes: Uint8Array;
}

/** What handleRequest may return; any other value is a 200 JSON body. */
interface HttpReply {
  status?: number;
  headers?: Record<string, string | number | string[]>;
  /**
   * An object goes as JSON, a string as text, a Uint8Array as bytes. What a generator gives goes out part
   * by part: as server-sent events, or as text and bytes of the content type that is set.
   */
  body?: unknown;
}

/** What handleEvent is given. */
interface TriggerEvent<T = any> {
  readonly id: string;
  readonly type: string;
  readonly payload: T;
  /** The same as payload. */
  readonly data: T;
  readonly timestamp: string;
  readonly attempt: number;
  readonly source: { readonly script: string | null; readonly execution: string | null };
  /** All events of the execution, this one first, when its subscription gathers them; absent otherwise. */
  readonly batch?: readonly TriggerEvent<T>[];
}

interface Trigger {
  readonly type: "cron" | "http" | "event" | "manual" | "api" | "embedded";
  readonly cronExpression: string | null;
  readonly plannedAt: string | null;
  readonly eventType: string | null;
  readonly eventPayload: any;
  readonly httpRequest: HttpRequest | null;
}

interface BudgetShare {
  readonly limit: number;
  readonly used: number;
  readonly remaining: number;
}

interface Budget {
  readonly apiCalls: BudgetShare;
  readonly serviceCalls: BudgetShare;
  /** Time since the first instruction, waiting included. */
  readonly wallMs: BudgetShare;
  /** Time on a processor. */
  readonly cpuMs: BudgetShare;
  /** Memory of the script, and what the platform holds for it: bodies, log lines, calls under way. */
  readonly memoryBytes: BudgetShare;
  /** Milliseconds of wall time left. */
  readonly timeMs: number;
}

interface ContextUser {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly locale: string;
  /** Names of everything this execution may do. */
  readonly permissions: readonly string[];
}

/** The execution, its tenant, its user and its trigger. Read-only. */
interface Context<I = any> {
  readonly tenant: { readonly id: string; readonly name: string; readonly slug: string; readonly domain: string | null };
  /** The user who caused the execution; null for schedules and events. */
  readonly user: ContextUser | null;
  readonly script: { readonly id: string; readonly name: string; readonly type: string; readonly version: number };
  readonly execution: {
    readonly id: string;
    readonly trigger: string;
    readonly triggeredBy: string;
    readonly attempt: number;
    readonly test: boolean;
    /** Nothing that it changes outside of itself is real: it is noted instead. */
    readonly dryRun: boolean;
    readonly createdAt: string;
  };
  readonly tenantId: string;
  readonly userId: string | null;
  readonly organizationId: string | null;
  readonly scriptId: string;
  readonly executionId: string;
  readonly input: I;
  readonly trigger: Trigger;
  readonly event: TriggerEvent | null;
  readonly request: HttpRequest | null;
  readonly requestId: string | null;
  readonly locale: string;
  readonly timezone: string;
  /** Milliseconds of wall time left. */
  readonly deadlineMs: number;
  /** What is left of the execution's limits. */
  budget(): Budget;
}

type DateUnit = "years" | "months" | "weeks" | "days" | "hours" | "minutes" | "seconds" | "milliseconds";
type DateEdge = "year" | "quarter" | "month" | "week" | "day" | "hour" | "minute" | "second";
type Rounding = "halfUp" | "halfEven" | "up" | "down" | "floor" | "ceiling";
type JwtAlgorithm = "HS256" | "HS384" | "HS512";

interface JwtSignOptions {
  algorithm?: JwtAlgorithm;
  /** Seconds from now. */
  expiresIn?: number;
  notBefore?: number;
  issuer?: string;
  subject?: string;
  audience?: string;
  keyId?: string;
}

interface JwtVerifyOptions {
  algorithms?: readonly JwtAlgorithm[];
  issuer?: string;
  subject?: string;
  audience?: string;
  /** Seconds by which clocks may differ, 600 at most. */
  leeway?: number;
}

interface CsvParseOptions {
  delimiter?: string;
  /** Whether the first row names the columns; so it does unless it is said. */
  header?: boolean;
  trim?: boolean;
}

interface CsvWriteOptions {
  delimiter?: string;
  header?: boolean;
  columns?: readonly string[];
  crlf?: boolean;
  escapeFormulas?: boolean;
}

interface XmlElement {
  readonly name: string;
  readonly namespace: string | null;
  readonly attributes: Record<string, string>;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

interface RetryOptions {
  attempts?: number;
  /** Milliseconds before the second attempt. */
  delay?: number;
  /** By what each pause is longer than the one before; 2. */
  factor?: number;
  maxDelay?: number;
  /** Whether to try again after an error. */
  when?: (error: any, attempt: number) => boolean;
}

interface StorageList<T = any> {
  readonly items: ReadonlyArray<{
    readonly key: string;
    readonly value: T;
    readonly expiresAt: string | null;
    readonly updatedAt: string;
  }>;
  /** For options.cursor of the next list; null when this one is empty. */
  readonly nextCursor: string | null;
}

type ConditionOperators = {
  eq?: unknown;
  ne?: unknown;
  gt?: unknown;
  gte?: unknown;
  lt?: unknown;
  lte?: unknown;
  in?: readonly unknown[];
  notIn?: readonly unknown[];
  between?: readonly [unknown, unknown];
  /** % stands for any text, _ for a character, \\ before them for themselves. */
  like?: string;
  startsWith?: string;
  endsWith?: string;
  contains?: string;
  isNull?: boolean;
};
/** A column's value, null, a list of values, or operators; all have to be met. */
type ConditionObject = {
  $and?: readonly Conditions[];
  $or?: readonly Conditions[];
  $not?: Conditions;
  [column: string]: unknown;
};
type ConditionEntry = { field: string; operator?: keyof ConditionOperators; value?: unknown };
type Conditions = ConditionObject | readonly ConditionEntry[];

interface FindOptions {
  /** "total", "-total" for downwards, { total: "desc" }, or a list of them. */
  orderBy?: string | Record<string, "asc" | "desc"> | ReadonlyArray<string | Record<string, "asc" | "desc">>;
  /** At most 1,000. */
  limit?: number;
  offset?: number;
  /** Columns; all of them without it. */
  select?: readonly string[];
}

interface TableInfo {
  readonly name: string;
  readonly columns: ReadonlyArray<{
    readonly name: string;
    readonly type: "text" | "integer" | "real" | "boolean" | "timestamp" | "json" | "uuid" | "decimal";
    readonly nullable: boolean;
    readonly unique: boolean;
    /** Of a decimal: most digits, and how many of them are behind the point. */
    readonly precision?: number;
    readonly scale?: number;
  }>;
  readonly key: readonly string[];
  /** Whether this execution may change its rows. */
  readonly writable: boolean;
}

/** What work of db.transaction is given: the functions of db, until it ends. */
type Transaction = Omit<DbApi, "transaction" | "tables">;

interface Logger {
  debug(message: unknown, data?: unknown): void;
  info(message: unknown, data?: unknown): void;
  warn(message: unknown, data?: unknown): void;
  error(message: unknown, data?: unknown): void;
  progress(done: number, total?: number, text?: string): void;
  /** A logger that adds these fields to every line. */
  with(fields: Record<string, unknown>): Logger;
}

interface Apis {
  readonly console: ConsoleApi;
  readonly db: DbApi;
  readonly storage: StorageApi;
  readonly cache: CacheApi;
  readonly secrets: SecretsApi;
  readonly events: EventsApi;
  readonly http: HttpApi;
  readonly utils: UtilsApi;
  readonly services: Services;
  readonly logger: Logger;
  readonly log: Logger;
}

/** The second argument of every entry function, and a global. */
interface Ctx<I = any> extends Context<I>, Apis {}
interface Sdk extends Apis {
  readonly context: Context;
}

declare const context: Context;
declare const ctx: Ctx;
declare const sdk: Sdk;
declare const services: Services;
