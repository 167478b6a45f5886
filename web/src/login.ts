// Signing in: the API sets the session cookie, then the page that was asked for opens.
import { api, Problem } from "./api";
import { text } from "./texts";

export function startLogin(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-login]");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    void signIn(form);
  });
}

async function signIn(form: HTMLFormElement): Promise<void> {
  const data = new FormData(form);
  const button = form.querySelector<HTMLButtonElement>("button[type=submit]")!;
  const error = form.querySelector<HTMLElement>("[data-login-error]")!;
  button.disabled = true;
  error.hidden = true;
  try {
    const who = { email: data.get("email"), password: data.get("password") };
    const tenant = data.get("tenant");
    await api("POST", "/session", tenant ? { ...who, tenant } : who);
    location.assign(form.dataset.login || "/scripts");
  } catch (problem) {
    error.textContent = reason(problem);
    if (problem instanceof Problem && offerTenants(form, problem)) {
      error.hidden = false;
      button.disabled = false;
      return;
    }
    error.hidden = false;
    button.disabled = false;
    form.querySelector<HTMLInputElement>("[name=password]")?.select();
  }
}

/** Lets the owner of several accounts with one password say which one is meant. */
function offerTenants(form: HTMLFormElement, problem: Problem): boolean {
  const several = problem.errors.find((error) => error.code === "several");
  if (!several) return false;
  const slugs = several.params?.values?.split(", ") ?? [];
  const choice = form.querySelector<HTMLSelectElement>("[name=tenant]")!;
  choice.replaceChildren(...slugs.map((slug) => new Option(slug, slug)));
  choice.disabled = false;
  form.querySelector<HTMLElement>("[data-login-tenant]")!.hidden = false;
  choice.focus();
  return true;
}

function reason(problem: unknown): string {
  if (!(problem instanceof Problem)) return text("js-unexpected");
  if (problem.errors.some((error) => error.code === "several")) return text("js-login-several");
  if (problem.status === 429) return text("js-login-later");
  if (problem.status === 0) return text("js-offline");
  return problem.status < 500 ? text("js-login-wrong") : text("js-unexpected");
}
