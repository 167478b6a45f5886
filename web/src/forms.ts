// Forms that are sent as one call: data-send="PUT /retention", data-body='{"kind":"replay"}' with what goes
// along, data-toast, data-next with the page to open then or data-reload to show this one anew, and, where
// there is a question (dialog.ts), that one before a number that was larger is made smaller, because what it
// kept goes. A field in braces goes into the path; a text that is empty is left out.
import { api, explain, explainField, Problem } from "./api";
import { agreed } from "./dialog";
import { text } from "./texts";
import { toast, toastNext } from "./toast";

export function startForms(): void {
  document.addEventListener("submit", (event) => {
    const form = (event.target as Element).closest<HTMLFormElement>("form[data-send]");
    if (!form) return;
    event.preventDefault();
    void send(form);
  });
}

async function send(form: HTMLFormElement): Promise<void> {
  const inputs = [...form.querySelectorAll<HTMLInputElement>("input[name]")];
  if (form.dataset.ask && inputs.some(shrinks) && !(await agreed(form))) return;
  refuse(form, inputs, {});
  const [method = "PUT", call = ""] = (form.dataset.send ?? "").split(" ");
  const named = (input: HTMLInputElement) => call.includes(`{${input.name}}`);
  const missing = inputs.find((input) => named(input) && input.value.trim() === "");
  if (missing) {
    refuse(form, inputs, { [missing.name]: text("js-field-required") });
    return;
  }
  const path = inputs.filter(named).reduce(
    (sofar, input) => sofar.replace(`{${input.name}}`, encodeURIComponent(input.value.trim())), call);
  const sent = inputs.filter((input) => !named(input) && (input.type === "number" || input.value !== ""));
  const valueOf = (input: HTMLInputElement) => (input.type === "number" ? numberOf(input.value) : input.value);
  const fields = Object.fromEntries(sent.map((input) => [input.name, valueOf(input)]));
  const body = { ...JSON.parse(form.dataset.body ?? "{}"), ...fields };
  form.setAttribute("aria-busy", "true");
  try {
    const answer = await api<{ id?: string } | undefined>(method, path, body);
    if (form.dataset.next) return location.assign(form.dataset.next.replace("{id}", answer?.id ?? ""));
    if (form.dataset.reload !== undefined) {
      toastNext(form.dataset.toast ?? "");
      location.reload();
      return;
    }
    for (const input of inputs) input.defaultValue = input.value;
    toast(form.dataset.toast ?? "");
  } catch (error) {
    if (!(error instanceof Problem) || error.errors.length === 0) toast(explain(error), "bad");
    else refuse(form, inputs, Object.fromEntries(error.errors.map((one) => [one.field, explainField(one)])));
  }
  form.removeAttribute("aria-busy");
}

/** Shows what is wrong with which field, and leads to the first. */
function refuse(form: HTMLFormElement, inputs: HTMLInputElement[], messages: Record<string, string>): void {
  for (const input of inputs) {
    const message = messages[input.name] ?? "";
    input.setAttribute("aria-invalid", String(message !== ""));
    form.querySelector(`[data-error="${input.name}"]`)!.textContent = message;
  }
  inputs.find((input) => messages[input.name])?.focus();
}

/** No bound when empty. What is no whole number is sent as it is, for the server to refuse. */
function numberOf(text: string): number | null {
  return text.trim() === "" ? null : Number(text);
}

function shrinks(input: HTMLInputElement): boolean {
  if (input.type !== "number") return false;
  const [before, after] = [numberOf(input.defaultValue), numberOf(input.value)];
  return after !== null && (before === null || after < before);
}
