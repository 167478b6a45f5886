// The one dialog that asks before something that cannot be taken back, or for what it needs.
import { text } from "./texts";

export interface Question {
  title: string;
  body: string;
  confirm: string;
  danger?: boolean;
  /** The label of a field that has to be filled in. */
  label?: string;
  /** What the field holds at first. */
  value?: string;
  /** Most characters of the field. */
  max?: number;
}

/** Resolves to whether the user agreed. Focus returns to where it was: `<dialog>` sees to that. */
export async function ask(question: Question): Promise<boolean> {
  return (await askFor(question)) !== null;
}

/** Resolves to what the user filled in, empty without a field; to null if they did not agree. */
export function askFor(question: Question): Promise<string | null> {
  const dialog = document.getElementById("ask") as HTMLDialogElement;
  const part = (name: string) => dialog.querySelector<HTMLElement>(`[data-ask="${name}"]`)!;
  part("title").textContent = question.title;
  part("body").textContent = question.body;
  const cancel = part("cancel");
  cancel.textContent = text("js-cancel");
  cancel.onclick = () => dialog.close("");
  const confirm = part("confirm");
  confirm.textContent = question.confirm;
  confirm.className = question.danger ? "btn btn-danger" : "btn btn-primary";
  const input = part("input") as HTMLInputElement;
  part("field").hidden = !question.label;
  part("label").textContent = question.label ?? "";
  input.disabled = !question.label;
  input.maxLength = question.max ?? 500;
  input.value = question.value ?? "";
  dialog.returnValue = "";
  dialog.showModal();
  if (question.label) input.focus();
  return new Promise((resolve) => {
    const closed = () => resolve(dialog.returnValue === "yes" ? input.value : null);
    dialog.addEventListener("close", closed, { once: true });
  });
}

/**
 * Asks what a button's `data-ask…` attributes say; the body of its call, or null if the user did not
 * agree. What is filled in is the member that `data-ask-member` names.
 */
export async function agreed(button: HTMLElement): Promise<Record<string, string> | null> {
  const { ask: title, askBody, askConfirm, danger, askMember, askLabel, askValue, askMax } = button.dataset;
  if (!title) return {};
  const answer = await askFor({
    title,
    body: askBody ?? "",
    confirm: askConfirm ?? title,
    danger: danger !== undefined,
    label: askLabel,
    value: askValue,
    max: askMax ? Number(askMax) : undefined,
  });
  if (answer === null) return null;
  return askMember ? { [askMember]: answer } : {};
}
