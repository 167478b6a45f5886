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
    await api("POST", "/session", { email: data.get("email"), password: data.get("password") });
    location.assign(form.dataset.login || "/scripts");
  } catch (problem) {
    error.textContent = reason(problem);
    error.hidden = false;
    button.disabled = false;
    form.querySelector<HTMLInputElement>("[name=password]")?.select();
  }
}

function reason(problem: unknown): string {
  if (!(problem instanceof Problem)) return text("js-unexpected");
  if (problem.status === 429) return text("js-login-later");
  if (problem.status === 0) return text("js-offline");
  return problem.status < 500 ? text("js-login-wrong") : text("js-unexpected");
}
