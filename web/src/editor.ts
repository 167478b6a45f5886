// The script page: the code, its settings, and a panel that runs it. Registers one Alpine component;
// the editors themselves stay outside of Alpine's reach, whose proxies would slow them down.
import Alpine from "@alpinejs/csp";
import { api, explain, explainField, type FieldProblem, Problem } from "./api";
import { type Current, DraftKeeper, type DraftState } from "./draft";
import { duration, type Execution, isFinal, type LogLine, type Progress, showProgress, watch } from "./execution";
import { agreed } from "./dialog";
import { type Definition, definitionOf, type Form, formOf, type Page, restored, settle } from "./form";
import { pretty, showJson } from "./json";
import type { Diagnostic, Pane } from "./monaco";
import { signing, signingSecrets } from "./secrets";
import { text } from "./texts";
import { toast, toastNext } from "./toast";

const COMMAND_KEY = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl";
const TONES: Record<string, string> = {
  pending: "tone-info tone-hollow",
  running: "tone-live",
  completed: "tone-good",
  failed: "tone-bad",
  timeout: "tone-warn",
  cancelled: "tone-hollow",
};
/** An instant, and what the clock of its schedule shows then. */
interface Instant {
  at: string;
  local: string;
}

interface Preview {
  items: string[];
  description: string;
  clock_change: { at: string; items: string[] } | null;
}

const STALE = "stale_version";
const VALIDATE_AFTER_MS = 350;
/** How often the server was asked about the text. */
let validations = 0;
const PREVIEW_AFTER_MS = 250;
const RUN_WHEN_OPENED = "run-when-opened";
/** Fields that stand on the code tab; an error in any other opens the settings. */
const CODE_FIELDS = new Set(["source"]);

interface Stored {
  id: string;
  version: number;
}

const island = document.getElementById("page-data");
const page: Page = island ? JSON.parse(island.textContent) : ({} as Page);

let code: Pane | undefined;
let input: Pane | undefined;
let keeper: DraftKeeper | undefined;
let stopWatching: (() => void) | undefined;
const timers: Record<string, ReturnType<typeof setTimeout>> = {};

function after(name: string, milliseconds: number, call: () => void): void {
  clearTimeout(timers[name]);
  timers[name] = setTimeout(call, milliseconds);
}

const textarea = (id: string) => document.getElementById(id) as HTMLTextAreaElement;
const sourceText = () => code?.text() ?? textarea("source").value;
const inputText = () => input?.text() ?? textarea("input").value;

interface Sample {
  event_id: string;
  created_at: string;
  payload: unknown;
  label: string;
}

/** Whether a subscription to a pattern is given events of a type; `*` leaves the platform's own out. */
function asks(pattern: string, type: string): boolean {
  if (pattern === "*") return !type.startsWith("jsruntime.");
  return pattern === type || (pattern.endsWith(".*") && type.startsWith(pattern.slice(0, -1)));
}

Alpine.data("scriptEditor", () => ({
  tab: location.hash === "#settings" ? "settings" : "code",
  form: formOf(page.definition) as Form,
  saved: "",
  savedSource: "",
  version: page.version,
  mounted: false,
  dirty: false,
  saving: false,
  conflict: false,
  /** What somebody else saved meanwhile, when it is known. */
  theirs: null as Current | null,
  /** A draft of an earlier visit, until the user decides about it. */
  offered: page.draft as typeof page.draft,
  draftState: "none" as DraftState,
  draftAt: "",
  changeDescription: "",
  errors: {} as Record<string, string>,
  summary: [] as { field: string; message: string }[],
  problems: [] as Diagnostic[],
  upcoming: [] as Instant[],
  /** What the expression says, in words. */
  rhythm: "",
  /** The next change of the clock, when the upcoming instants do not reach it. */
  clockChange: null as { note: string; items: Instant[] } | null,
  cronError: "",
  panel: "logs",
  runId: "",
  runStatus: "",
  running: false,
  runTest: false,
  logs: [] as LogLine[],
  /** How far the script says it is: what it is at, and how much of it. */
  progressText: "",
  progressCount: "",
  failure: null as Execution["error"],
  hasOutput: false,
  elapsed: "",
  inputError: "",
  stored: page.id !== null,
  /** The secrets of an endpoint whose callers sign. */
  signers: signingSecrets(page.id),
  /** Recorded events to try the script with. */
  sample: "",
  samples: [] as Sample[],
  sampledTypes: "",

  async init() {
    this.savedSource = sourceText();
    this.saved = this.snapshot();
    this.$watch("form", () => this.changed());
    this.$watch("form.cron", () => this.preview());
    this.$watch("form.timezone", () => this.preview());
    this.$watch("form.type", () => this.preview());
    if (this.form.auth === "signature") void this.signers.load();
    this.$watch("form.library", () => void this.validate());
    this.$watch("form.compatibility", () => void this.validate());
    this.$watch("form.language", (language) => {
      code?.setLanguage(String(language));
      this.validate();
    });
    addEventListener("keydown", (event) => this.shortcut(event), true);
    addEventListener("beforeunload", (event) => {
      if (this.dirty && !this.saving && this.draftState !== "kept") event.preventDefault();
    });
    for (const id of ["source", "input"]) textarea(id).addEventListener("input", () => this.changed());
    this.watchDraft();
    this.preview();
    await this.mountEditors();
    this.validate();
    if (sessionStorage.getItem(RUN_WHEN_OPENED)) {
      sessionStorage.removeItem(RUN_WHEN_OPENED);
      void this.run();
    }
  },

  async mountEditors() {
    try {
      const [monaco, typings] = await Promise.all([
        import("./monaco"),
        api<string>("GET", "/typings").catch(() => ""),
      ]);
      monaco.setUp(page.workers, typings);
      const readOnly = !page.may_edit;
      code = monaco.mount(document.getElementById("source-pane")!, {
        name: "script",
        text: textarea("source").value,
        language: this.form.language,
        label: text("js-source-label"),
        readOnly,
      });
      input = monaco.mount(document.getElementById("input-pane")!, {
        name: "input",
        text: textarea("input").value,
        language: "json",
        label: text("js-input-label"),
        small: true,
      });
      code.onChange(() => this.changed());
      this.mounted = true;
    } catch {
      // The plain text fields stay, and do everything but completion.
      toast(text("js-editor-failed"), "bad");
    }
  },

  snapshot() {
    return JSON.stringify(this.form);
  },

  changed() {
    this.dirty = page.may_edit && (this.snapshot() !== this.saved || sourceText() !== this.savedSource);
    after("validate", VALIDATE_AFTER_MS, () => void this.validate());
    keeper?.changed();
  },

  watchDraft() {
    if (!page.id || !page.may_edit) return;
    const unsaved = () => {
      if (!this.dirty) return null;
      const { source, ...settings } = this.body();
      return { source: source ?? "", settings, base_version: this.version };
    };
    const show = (state: DraftState, at = "") => {
      this.draftState = state;
      this.draftAt = at;
    };
    const stale = (current: Current) => this.meet(current);
    keeper = new DraftKeeper(`/scripts/${page.id}/draft`, { unsaved, show, stale }, page.draft !== null);
    if (this.offered) keeper.hold();
  },

  get draftNote() {
    const time = this.draftAt && new Date(this.draftAt).toLocaleTimeString(document.documentElement.lang, { timeStyle: "short" });
    return this.draftState === "none" ? "" : text(`js-draft-${this.draftState}`, { time });
  },

  get offeredNote() {
    const { updated_at, base_version } = this.offered ?? { updated_at: "", base_version: this.version };
    const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
    const time = updated_at ? format.format(new Date(updated_at)) : "";
    return text(base_version === this.version ? "js-draft-offered" : "js-draft-offered-old", { time });
  },

  /** Takes up the draft of an earlier visit. */
  restoreDraft() {
    const draft = this.offered;
    if (!draft) return;
    this.offered = null;
    this.form = restored(this.form, page.definition, draft);
    this.setSource(draft.source);
    keeper?.release();
    if (draft.base_version === this.version) return this.changed();
    const current = { version: this.version, source: this.savedSource, change_description: "" };
    this.changed();
    this.meet(current);
  },

  async discardDraft() {
    this.offered = null;
    await keeper?.discard().catch((error) => toast(explain(error), "bad"));
    this.changed();
  },

  setSource(source: string) {
    if (code) code.setText(source);
    else textarea("source").value = source;
  },

  /** Somebody else has saved: nothing is sent until the user has chosen. */
  meet(current: Current) {
    this.theirs = current;
    this.conflict = true;
    keeper?.hold();
  },

  get conflictNote() {
    const { version, change_description } = this.theirs ?? { version: 0, change_description: "" };
    if (!version) return "";
    const said = change_description ? `“${change_description}”` : "";
    return text("js-conflict-version", { version, said });
  },

  async compareTheirs() {
    const theirs = this.theirs?.source ?? (await this.presentVersion()).source;
    const dialog = document.getElementById("compare") as HTMLDialogElement;
    const monaco = await import("./monaco");
    dialog.showModal();
    const host = document.getElementById("compare-pane")!;
    const close = monaco.compare(host, [theirs, sourceText()], this.form.language);
    dialog.addEventListener("close", close, { once: true });
  },

  presentVersion() {
    return api<Current>("GET", `/scripts/${page.id}`);
  },

  /** Gives up what was typed for what somebody else saved. */
  async takeTheirs() {
    await keeper?.discard().catch(() => undefined);
    this.dirty = false;
    location.reload();
  },

  shortcut(event: KeyboardEvent) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const action = { Enter: () => this.run(), s: () => this.save() }[event.key];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    void action();
  },

  show(tab: string) {
    this.tab = tab;
    history.replaceState(null, "", tab === "settings" ? "#settings" : location.pathname + location.search);
  },

  async validate() {
    const asked = ++validations;
    let problems: Diagnostic[] = [];
    try {
      const { diagnostics } = await api<{ diagnostics: Diagnostic[] }>("POST", "/scripts/validate", {
        source: sourceText(),
        language: this.form.language,
        type: this.form.type,
        entry: this.form.entry || null,
        library: this.form.type === "embedded" && this.form.library,
        compatibility: this.form.compatibility || null,
      });
      problems = diagnostics;
    } catch {
      // What cannot be asked about has no known problems.
    }
    // An answer to an older text may come later.
    if (asked !== validations) return;
    this.problems = problems;
    code?.mark(problems);
  },

  /** How others import what this script exports. */
  get importLine() {
    return `import { … } from ${JSON.stringify(`lib/${this.form.name}`)};`;
  },

  get versionText() {
    return text("js-version", { version: this.version });
  },

  get saveNote() {
    return text("js-save-note", { version: this.version + 1 });
  },

  saveKeys: `${COMMAND_KEY} S`,
  runKeys: `${COMMAND_KEY} ↵`,

  severityText(severity: string) {
    return text(`js-severity-${severity}`);
  },

  get problemSummary() {
    return text("js-problems", { n: this.problems.length });
  },

  reveal(line?: number | null, column?: number | null) {
    if (!line) return;
    this.show("code");
    void this.$nextTick(() => code?.reveal(line, column ?? 1));
  },

  async preview() {
    if (this.form.type !== "scheduled") return;
    after("preview", PREVIEW_AFTER_MS, async () => {
      const { cron, timezone } = this.form;
      const query = new URLSearchParams({ cron, timezone, count: "10", locale: document.documentElement.lang });
      const shown = (at: string) => ({ at, local: inZone(at, timezone) });
      try {
        const found = await api<Preview>("GET", `/schedules/preview?${query}`);
        const change = found.clock_change;
        const isFar = change !== null && change.at > (found.items.at(-1) ?? "");
        this.upcoming = found.items.map(shown);
        this.rhythm = found.description;
        this.clockChange = isFar
          ? { note: text("js-clock-change", { time: inZone(change.at, timezone) }), items: change.items.map(shown) }
          : null;
        this.cronError = "";
      } catch (error) {
        this.upcoming = [];
        this.rhythm = "";
        this.clockChange = null;
        const first = error instanceof Problem ? error.errors[0] : undefined;
        this.cronError = first ? explainField(first) : explain(error);
      }
    });
  },

  useCron(cron: string) {
    if (cron) this.form.cron = cron;
  },

  get endpoint() {
    return `${location.origin}/api/scripts${this.form.path}`;
  },

  get curl() {
    const method = this.form.methods[0] ?? "GET";
    const parts = ["curl"];
    if (method !== "GET") parts.push(`-X ${method}`);
    const body = ["POST", "PUT", "PATCH"].includes(method) ? "{}" : "";
    if (this.form.auth === "required") parts.push('-H "Authorization: Bearer $SCRIPTORIUM_TOKEN"');
    if (body) parts.push(`-H 'Content-Type: application/json' -d '${body}'`);
    const signed = this.form.auth === "signature" ? signing(this.form.scheme, body) : { first: "", headers: [] };
    for (const header of signed.headers) parts.push(`-H "${header}"`);
    parts.push(`'${this.endpoint.replaceAll("'", "%27")}'`);
    return signed.first + parts.join(" ");
  },

  body(): Definition {
    return definitionOf(this.form, sourceText());
  },

  async save(): Promise<boolean> {
    if (!page.may_edit || this.saving) return false;
    if (page.id && !this.dirty) return true;
    this.saving = true;
    this.clearErrors();
    try {
      const change = { ...this.body(), change_description: this.changeDescription };
      const stored = page.id
        ? await api<Stored>("PATCH", `/scripts/${page.id}`, { ...change, base_version: this.version })
        : await api<Stored>("POST", "/scripts", change);
      if (!page.id) return this.openCreated(stored.id);
      this.keep(stored.version);
      return true;
    } catch (error) {
      this.refuse(error);
      return false;
    } finally {
      this.saving = false;
    }
  },

  openCreated(id: string) {
    toastNext(text("js-created"));
    this.dirty = false;
    location.assign(`/scripts/${id}${location.hash}`);
    return true;
  },

  keep(version: number) {
    this.version = version;
    this.theirs = null;
    this.savedSource = sourceText();
    settle(this.form);
    page.saved_as = this.sourceSettings();
    this.saved = this.snapshot();
    this.dirty = false;
    this.changeDescription = "";
    this.conflict = false;
    this.offered = null;
    keeper?.saved();
    toast(text("js-saved", { version }));
  },

  async saveOver() {
    const current = this.theirs ?? (await this.presentVersion());
    this.version = current.version;
    this.theirs = null;
    this.conflict = false;
    keeper?.release();
    await this.save();
  },

  clearErrors() {
    this.errors = {};
    this.summary = [];
    this.conflict = false;
  },

  refuse(error: unknown) {
    if (error instanceof Problem && error.code === STALE) {
      this.conflict = true;
      this.theirs = error.current ?? null;
      keeper?.hold();
      return;
    }
    if (error instanceof Problem && error.errors.length > 0) return this.refuseFields(error.errors);
    toast(explain(error), "bad");
  },

  refuseFields(problems: FieldProblem[]) {
    for (const problem of problems) {
      const message = explainField(problem);
      this.errors[problem.field] = message;
      this.summary.push({ field: problem.field, message });
    }
    const first = problems[0]!.field;
    this.tab = CODE_FIELDS.has(first) || (first === "name" && !page.id) ? "code" : "settings";
    void this.$nextTick(() => document.querySelector<HTMLElement>(`[data-field="${CSS.escape(first)}"]`)?.focus());
  },

  errorOf(field: string) {
    return this.errors[field] ?? "";
  },

  async move(event: Event) {
    const button = event.currentTarget as HTMLElement;
    const { verb } = button.dataset;
    if (this.dirty && !(await this.save())) return;
    const body = await agreed(button);
    if (!body) return;
    try {
      await api("POST", `/scripts/${page.id}/${verb}`, body);
      toastNext(text(`js-moved-${verb}`));
      location.reload();
    } catch (error) {
      this.refuse(error);
    }
  },

  async run() {
    if (!page.may_run || this.running) return;
    if (!page.id) {
      sessionStorage.setItem(RUN_WHEN_OPENED, "yes");
      if (!(await this.save())) sessionStorage.removeItem(RUN_WHEN_OPENED);
      return;
    }
    const trial = sourceText() !== this.savedSource;
    if (trial && this.sourceSettings() !== page.saved_as) {
      toast(text("js-save-to-run"), "bad");
      return;
    }
    const given = this.parseInput();
    if (given === undefined) return;
    await this.start({ input: given, mode: "async", ...(trial ? { source: sourceText() } : {}) });
  },

  /** What decides how the source is read; a trial takes it from the saved script. */
  sourceSettings() {
    const { type, language, entry, library, compatibility, database } = this.form;
    return [type, language, entry, library, compatibility, database].join();
  },

  /** Looks for the last events of the types that the script asks for. */
  async loadSamples() {
    const patterns = this.form.eventTypes.split(/\s+/).filter(Boolean);
    if (patterns.join() === this.sampledTypes) return;
    this.sampledTypes = patterns.join();
    try {
      const types = await api<{ items: { type: string; last_at: string }[] }>("GET", "/events/types");
      const asked = types.items.filter((one) => patterns.some((pattern) => asks(pattern, one.type)));
      asked.sort((a, b) => b.last_at.localeCompare(a.last_at));
      const lists = await Promise.all(
        asked.slice(0, 5).map(async ({ type }) => {
          const found = await api<{ items: Omit<Sample, "label">[] }>("GET", `/events/types/${type}/samples`);
          return found.items.map((one) => ({ ...one, label: `${type} · ${new Date(one.created_at).toLocaleString()}` }));
        }),
      );
      this.samples = lists.flat();
    } catch (error) {
      this.sampledTypes = "";
      toast(explain(error), "bad");
    }
  },

  useSample() {
    const chosen = this.samples[Number(this.sample)];
    if (this.sample === "" || !chosen) return;
    const given = JSON.stringify(chosen.payload, null, 2);
    if (input) input.setText(given);
    else textarea("input").value = given;
  },

  parseInput(): unknown {
    this.inputError = "";
    try {
      return JSON.parse(inputText().trim() || "null");
    } catch (error) {
      this.inputError = text("js-bad-input", { reason: (error as Error).message });
      return undefined;
    }
  },

  async start(request: { input: unknown; mode: string; source?: string }) {
    this.resetRun();
    this.runTest = "source" in request;
    const began = performance.now();
    const tick = setInterval(() => {
      this.elapsed = duration(performance.now() - began);
    }, 100);
    const end = () => {
      clearInterval(tick);
      this.running = false;
    };
    try {
      const execution = await api<Execution>("POST", `/scripts/${page.id}/execute`, request);
      this.runId = execution.id;
      stopWatching = watch(execution.id, {
        log: (line) => this.addLog(line),
        progress: (progress) => this.showProgress(progress),
        status: (status) => {
          if (!isFinal(status)) this.runStatus = status;
        },
        done: (ended) => {
          end();
          this.finish(ended);
        },
        lost: (error) => {
          end();
          this.fail(error);
        },
      });
    } catch (error) {
      end();
      this.fail(error);
    }
  },

  resetRun() {
    stopWatching?.();
    this.running = true;
    this.runStatus = "pending";
    this.runId = "";
    this.logs = [];
    this.progressCount = "";
    this.failure = null;
    this.hasOutput = false;
    this.elapsed = duration(0);
    this.panel = "logs";
    showJson(this.$refs.output!, "");
  },

  showProgress(progress: Progress) {
    this.progressText = progress.text || text("js-progress");
    this.progressCount = showProgress(this.$refs.progress as HTMLProgressElement, progress);
  },

  addLog(line: LogLine) {
    if (this.logs.some((seen) => seen.seq === line.seq)) return;
    this.logs.push(line);
    // What logs has begun, even when the change of status is told later.
    if (this.runStatus === "pending") this.runStatus = "running";
    const list = this.$refs.logs!;
    // Follow the end, unless the reader has scrolled up to look at something.
    const following = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    if (following) void this.$nextTick(() => list.scrollTo({ top: list.scrollHeight }));
  },

  finish(execution: Execution) {
    this.runStatus = execution.status;
    this.elapsed = duration(execution.metrics.duration_ms);
    this.failure = execution.error;
    this.hasOutput = execution.status === "completed";
    if (this.hasOutput) showJson(this.$refs.output!, pretty(execution.output));
    if (this.hasOutput && this.logs.length === 0) this.panel = "output";
  },

  fail(error: unknown) {
    this.runStatus = "";
    const first = error instanceof Problem ? error.errors[0] : undefined;
    toast(first ? explainField(first) : explain(error), "bad");
  },

  async cancel() {
    if (!this.runId) return;
    try {
      await api("POST", `/executions/${this.runId}/cancel`, {});
    } catch (error) {
      toast(explain(error), "bad");
    }
  },

  get statusText() {
    return this.runStatus ? text(`js-execution-${this.runStatus}`) : "";
  },

  get statusTone() {
    return TONES[this.runStatus] ?? "";
  },

  get failurePlace() {
    const { line, column } = this.failure ?? {};
    return line ? text("js-place", { line, column: column ?? 1 }) : "";
  },

  get logsNote() {
    const ended = this.runStatus !== "" && isFinal(this.runStatus);
    return text(ended ? "js-logs-none" : "js-logs-none-yet");
  },

  levelText(level: string) {
    return text(`js-level-${level}`);
  },

  clockOf(at: string) {
    return at.slice(11, 23);
  },
}));

/** The instant as a wall clock of the zone shows it, in the page's language. */
function inZone(at: string, zone: string): string {
  try {
    const format = new Intl.DateTimeFormat(document.documentElement.lang, {
      weekday: "short",
      day: "numeric",
      month: "short",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      timeZone: zone,
      timeZoneName: "shortOffset",
    });
    return format.format(new Date(at));
  } catch {
    return at;
  }
}
