// The page that runs a script: its input as a form or as JSON, how it shall run, and what comes of it.
import { api, explain, explainField, Problem } from "./api";
import { duration, type Execution, showProgress, watch } from "./execution";
import { pretty, showJson } from "./json";
import { ABSENT, type Schema, SchemaForm } from "./schema-form";
import { text } from "./texts";
import { toast } from "./toast";

interface Page {
  script: string;
  version: number;
  schema: Schema | null;
  /** What is given at first, as JSON; a form begins with its defaults when there is none. */
  input: string | null;
  sample: string;
  /** The execution that is repeated. */
  replay: string | null;
}

interface InputSchema {
  schema: Schema | null;
  origin: "declared" | "signature" | null;
}

const TONES: Record<string, string> = {
  pending: "tone-info tone-hollow",
  running: "tone-live",
  completed: "tone-good",
  failed: "tone-bad",
  timeout: "tone-warn",
  cancelled: "tone-hollow",
};

const island = document.getElementById("page-data");
const by = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

class RunPage {
  private form: SchemaForm | null = null;
  /** The text that the form was made of, and what it says: as long as nothing is typed, it stays. */
  private source = "";
  private snapshot: unknown = undefined;
  private stop: (() => void) | undefined;
  private tick: ReturnType<typeof setInterval> | undefined;
  private runId = "";

  constructor(private page: Page) {}

  start(): void {
    const { schema, input, sample } = this.page;
    this.json.value = input ?? (schema ? "" : sample);
    by("run").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.run();
    });
    by("as-form").addEventListener("click", () => this.toForm());
    by("as-json").addEventListener("click", () => this.toJson());
    by("run-cancel").addEventListener("click", () => void this.cancel());
    by<HTMLSelectElement>("run-version").addEventListener("change", () => void this.otherVersion());
    addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) by<HTMLFormElement>("run").requestSubmit();
    });
    this.describe(this.page.schema ? null : "none");
    if (schema) this.toForm();
    else this.show("json");
  }

  private get json(): HTMLTextAreaElement {
    return by<HTMLTextAreaElement>("run-json");
  }

  private show(mode: "form" | "json"): void {
    by("run-fields").hidden = mode !== "form";
    by("run-text").hidden = mode !== "json";
    by("as-form").setAttribute("aria-pressed", String(mode === "form"));
    by("as-json").setAttribute("aria-pressed", String(mode === "json"));
    by<HTMLButtonElement>("as-form").disabled = this.page.schema === null;
  }

  private describe(origin: string | null): void {
    by("run-no-schema").hidden = origin !== "none";
  }

  /** From the text to fields; what is no JSON stays text. */
  private toForm(): boolean {
    if (!this.page.schema) return false;
    const source = this.json.value;
    let value: unknown = ABSENT;
    if (source.trim() !== "") {
      try {
        value = JSON.parse(source);
      } catch (error) {
        this.refuseJson((error as Error).message);
        return false;
      }
    }
    this.refuseText("");
    this.source = source;
    const host = by("run-fields");
    if (this.form) this.form.show(value);
    else this.form = new SchemaForm(host, this.page.schema, value);
    this.snapshot = JSON.stringify(this.form.value());
    this.show("form");
    return true;
  }

  /** From the fields to text: the very text they came from, when nothing was changed. */
  private toJson(): void {
    if (this.form && !by("run-fields").hidden) {
      const value = this.form.value();
      const same = this.source.trim() !== "" && JSON.stringify(value) === this.snapshot;
      this.json.value = same ? this.source : pretty(value);
    }
    this.show("json");
  }

  private refuseText(message: string): void {
    by("run-json-error").textContent = message;
    this.json.setAttribute("aria-invalid", String(message !== ""));
  }

  private refuseJson(reason: string): void {
    this.show("json");
    this.refuseText(text("js-bad-input", { reason }));
    this.json.focus();
  }

  /** What is to be sent; `undefined` when something is wrong with it, which is shown. */
  private given(): { input: unknown } | undefined {
    this.refuse([]);
    if (!by("run-fields").hidden && this.form) {
      return this.form.check() ? { input: this.form.value() } : undefined;
    }
    try {
      return { input: JSON.parse(this.json.value.trim() || "null") };
    } catch (error) {
      this.refuseJson((error as Error).message);
      return undefined;
    }
  }

  private async run(): Promise<void> {
    const given = this.given();
    if (!given) return;
    const number = (id: string) => {
      const value = by<HTMLInputElement>(id).value.trim();
      return value === "" ? undefined : Number(value);
    };
    const version = Number(by<HTMLSelectElement>("run-version").value);
    const asked: Record<string, unknown> = { input: given.input };
    if (version !== this.page.version) asked.version = version;
    const seconds = number("run-timeout");
    if (seconds !== undefined) asked.timeout_ms = Math.round(seconds * 1000);
    if (by<HTMLInputElement>("run-dry").checked) asked.dry_run = true;
    const { replay, script } = this.page;
    const path = replay ? `/executions/${replay}/replay` : `/scripts/${script}/execute`;
    if (!replay) asked.mode = "async";
    this.busy(true);
    try {
      this.follow(await api<Execution>("POST", path, asked));
    } catch (error) {
      this.busy(false);
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    if (!(error instanceof Problem) || error.errors.length === 0) return toast(explain(error), "bad");
    const errors = error.errors.map((one) => ({ field: one.field, message: explainField(one) }));
    const own = errors.filter(({ field }) => /^(input|body)(\.|$)/.test(field));
    const others = errors.filter((one) => !own.includes(one));
    const rest = others.map(({ field, message }) => `${field}: ${message}`);
    if (!by("run-fields").hidden && this.form) {
      const places = own.map(({ field, message }) => ({ place: field.split(".").slice(1), message }));
      rest.push(...this.form.refuse(places));
    } else {
      rest.push(...own.map(({ field, message }) => `${field}: ${message}`));
    }
    this.refuse(rest);
  }

  private refuse(messages: string[]): void {
    const list = by("run-problems");
    list.hidden = messages.length === 0;
    list.querySelector("ul")!.replaceChildren(
      ...messages.map((message) => {
        const item = document.createElement("li");
        item.textContent = message;
        return item;
      }),
    );
  }

  private busy(yes: boolean): void {
    by<HTMLButtonElement>("run-now").disabled = yes;
    by("run-cancel").hidden = !yes || this.runId === "";
    if (!yes) clearInterval(this.tick);
  }

  private follow(started: Execution): void {
    this.stop?.();
    this.runId = started.id;
    by("run-none").hidden = true;
    by("run-result").hidden = false;
    by("run-failure").hidden = true;
    by("run-progress").hidden = true;
    by("run-output-part").hidden = true;
    by("run-effects-part").hidden = true;
    by("run-logs").replaceChildren();
    by("run-logs-part").hidden = true;
    by<HTMLAnchorElement>("run-link").href = `/executions/${started.id}`;
    this.status(started.status);
    this.busy(true);
    const began = performance.now();
    clearInterval(this.tick);
    this.tick = setInterval(() => {
      by("run-elapsed").textContent = duration(performance.now() - began);
    }, 100);
    this.stop = watch(started.id, {
      log: (line) => this.line(line),
      progress: (progress) => {
        by("run-progress").hidden = false;
        by("run-progress-text").textContent = progress.text || text("js-progress");
        by("run-progress-count").textContent = showProgress(by<HTMLProgressElement>("run-bar"), progress);
      },
      status: (status) => this.status(status),
      done: (ended) => this.end(ended),
      lost: (error) => {
        this.busy(false);
        toast(explain(error), "bad");
      },
    });
  }

  private line({ at, level, message }: { at: string; level: string; message: string }): void {
    by("run-logs-part").hidden = false;
    const list = by("run-logs");
    const following = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    const item = document.createElement("li");
    item.className = "log";
    item.dataset.level = level;
    const parts = [
      ["time", "", at.slice(11, 23)],
      ["span", "log-level", text(`js-level-${level}`)],
      ["span", "log-message", message],
    ] as const;
    for (const [tag, name, content] of parts) {
      const part = document.createElement(tag);
      part.className = name;
      part.textContent = content;
      item.append(part);
    }
    list.append(item);
    if (following) list.scrollTo({ top: list.scrollHeight });
  }

  private status(status: string): void {
    const badge = by("run-status");
    badge.className = `badge ${TONES[status] ?? ""}`;
    badge.textContent = text(`js-execution-${status}`);
    badge.dataset.final = "false";
  }

  private end(ended: Execution): void {
    this.busy(false);
    this.status(ended.status);
    // All of it is there when this is said.
    queueMicrotask(() => (by("run-status").dataset.final = "true"));
    by("run-elapsed").textContent = duration(ended.metrics.duration_ms);
    if (ended.error) {
      by("run-failure").hidden = false;
      by("run-failure-code").textContent = ended.error.code;
      by("run-failure-text").textContent = ended.error.message;
    }
    if (ended.dry_run) this.effects(ended);
    if (ended.status === "completed") {
      by("run-output-part").hidden = false;
      showJson(by("run-output"), pretty(ended.output));
    }
  }

  /** What a dry run would have done. */
  private effects({ effects = [], dropped_effects = 0 }: Execution): void {
    by("run-effects-part").hidden = false;
    by("run-effects-none").hidden = effects.length > 0;
    const rows = effects.map(({ kind, target, summary }) => {
      const row = document.createElement("li");
      const parts = [
        ["tag", text(`js-effect-${kind}`)],
        ["mono font-[550] [overflow-wrap:anywhere]", target],
        ["mono text-soft [overflow-wrap:anywhere]", summary],
      ] as const;
      for (const [name, content] of parts) {
        const part = document.createElement("span");
        part.className = name;
        part.textContent = content;
        row.append(part);
      }
      return row;
    });
    if (dropped_effects > 0) {
      const more = document.createElement("li");
      more.textContent = text("js-effects-dropped", { n: dropped_effects });
      rows.push(more);
    }
    by("run-effects").replaceChildren(...rows);
  }

  private async cancel(): Promise<void> {
    try {
      await api("POST", `/executions/${this.runId}/cancel`, {});
    } catch (error) {
      toast(explain(error), "bad");
    }
  }

  /** Another version may ask for another input; what was given stays. */
  private async otherVersion(): Promise<void> {
    const asForm = !by("run-fields").hidden;
    if (asForm) this.toJson();
    const version = by<HTMLSelectElement>("run-version").value;
    try {
      const found = await api<InputSchema>("GET", `/scripts/${this.page.script}/input-schema?version=${version}`);
      this.page.schema = found.schema;
      this.form = null;
      this.describe(found.schema ? null : "none");
      if (!asForm || !this.toForm()) this.show("json");
    } catch (error) {
      toast(explain(error), "bad");
    }
  }
}

if (island) new RunPage(JSON.parse(island.textContent) as Page).start();
