// Buttons that act without a form, told by data attributes:
//   data-call="POST /scripts/…/pause"   the API call
//   data-body='{"limit":1}'   members that are sent with it
//   data-ask, data-ask-body, data-ask-confirm, data-danger   the question before it, if any
//   data-ask-member, data-ask-label, data-ask-value, data-ask-max   a field of it, sent as that member
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
  const body = { ...JSON.parse(button.dataset.body ?? "{}"), ...answers };
  const [method = "POST", path = ""] = call.split(" ");
  button.setAttribute("aria-busy", "true");
  await attempt(
    () => api<{ id?: string }>(method, path, method === "DELETE" ? undefined : body),
    (answer) => {
      if (said) toastNext(said);
      if (!next) location.reload();
      else location.assign(next.replace("{id}", answer?.id ?? ""));
    },
  );
  button.removeAttribute("aria-busy");
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
