// Buttons that act without a form, told by data attributes:
//   data-call="POST /scripts/…/pause"   the API call
//   data-body='{"limit":1}'   members that are sent with it
//   data-ask, data-ask-body, data-ask-confirm, data-danger   the question before it, if any
//   data-ask-member, data-ask-label, data-ask-value, data-ask-max   a field of it, sent as that member
//   data-edited, data-edited-member   a text of JSON that is sent as that member when it was changed
//   data-batch, data-total   the call is repeated, so many at a time, until all are done; how far it is is shown
//   data-toast   what to say when it succeeded; data-next   the page to open then (this one if absent)
import { api, explain } from "./api";
import { agreed } from "./dialog";
import { text } from "./texts";
import { toast, toastNext } from "./toast";

export function startActions(): void {
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    const button = target.closest<HTMLElement>("[data-call],[data-copy],[data-theme-set],[data-locale-set],[data-sign-out]");
    if (button) void act(button, event);
    closeMenus(target);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus(null);
  });
  markTheme();
}

async function act(button: HTMLElement, event: Event): Promise<void> {
  const { call, copy, themeSet, localeSet, signOut } = button.dataset;
  if (call) {
    event.preventDefault();
    await perform(button, call);
  } else if (copy !== undefined) {
    await copyText(copy ? document.getElementById(copy) : button);
  } else if (themeSet) {
    setTheme(themeSet);
  } else if (localeSet) {
    await attempt(() => api("PUT", "/session/locale", { locale: localeSet }), () => location.reload());
  } else if (signOut !== undefined) {
    await attempt(() => api("DELETE", "/session"), () => location.assign("/login"));
  }
}

async function perform(button: HTMLElement, call: string): Promise<void> {
  const { toast: said, next } = button.dataset;
  const answers = await agreed(button);
  if (!answers) return;
  const edited = editedOf(button);
  if (edited === null) return;
  const body = { ...JSON.parse(button.dataset.body ?? "{}"), ...answers, ...edited };
  const [method = "POST", path = ""] = call.split(" ");
  button.setAttribute("aria-busy", "true");
  if (button.dataset.batch) {
    await attempt(() => inBatches(button, path, body), () => done(said, undefined, undefined));
    button.removeAttribute("aria-busy");
    return;
  }
  await attempt(
    () => api<{ id?: string }>(method, path, method === "DELETE" ? undefined : body),
    (answer) => done(said, next, answer?.id),
  );
  button.removeAttribute("aria-busy");
}

function done(said: string | undefined, next: string | undefined, id: string | undefined): void {
  if (said) toastNext(said);
  if (!next) location.reload();
  else location.assign(next.replace("{id}", id ?? ""));
}

/** What was changed of a text of JSON, as a member of the call; null when it is none. */
function editedOf(button: HTMLElement): Record<string, unknown> | null {
  const { edited, editedMember } = button.dataset;
  const field = edited ? (document.getElementById(edited) as HTMLTextAreaElement | null) : null;
  if (!field || !editedMember || field.value === field.defaultValue) return {};
  try {
    const value: unknown = JSON.parse(field.value);
    field.removeAttribute("aria-invalid");
    return { [editedMember]: value };
  } catch (error) {
    field.setAttribute("aria-invalid", "true");
    field.closest("details")?.setAttribute("open", "");
    field.focus();
    toast(text("js-bad-input", { reason: (error as Error).message }), "bad");
    return null;
  }
}

/** Repeats a call that does a part at a time, and says how far it is. */
async function inBatches(button: HTMLElement, path: string, body: object): Promise<void> {
  const total = Number(button.dataset.total);
  const bar = document.getElementById("progress") as HTMLProgressElement | null;
  const label = document.getElementById("progress-text");
  bar?.parentElement?.removeAttribute("hidden");
  for (let all = 0; all < total; ) {
    const limit = Math.min(Number(button.dataset.batch), total - all);
    const answer = await api<{ retried: number }>("POST", path, { ...body, limit });
    all += answer.retried;
    if (bar) bar.value = all / total;
    if (label) label.textContent = text("js-batch-progress", { n: all, max: total });
    // Somebody else was faster, or scripts were stopped meanwhile.
    if (answer.retried < limit) return;
  }
}

async function attempt<T>(call: () => Promise<T>, done: (answer: T) => void): Promise<void> {
  try {
    done(await call());
  } catch (error) {
    toast(explain(error), "bad");
  }
}

async function copyText(source: HTMLElement | null): Promise<void> {
  if (!source) return;
  await navigator.clipboard.writeText(source.dataset.copyText ?? source.textContent ?? "");
  toast(text("js-copied"));
}

function setTheme(choice: string): void {
  if (choice === "system") localStorage.removeItem("theme");
  else localStorage.setItem("theme", choice);
  document.dispatchEvent(new CustomEvent("themechoice"));
  markTheme();
}

/** Says in each theme button whether it is the chosen one. */
function markTheme(): void {
  const chosen = document.documentElement.dataset.themeChoice;
  for (const button of document.querySelectorAll<HTMLElement>("[data-theme-set]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeSet === chosen));
  }
}

/** Closes every open menu that the click was not in. */
function closeMenus(target: Element | null): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    if (target && menu.contains(target) && !target.closest("[role=menuitem]")) continue;
    if (!target) menu.querySelector("summary")?.focus();
    menu.open = false;
  }
}
