// The one dialog that asks before something that cannot be taken back.
import { text } from "./texts";

export interface Question {
  title: string;
  body: string;
  confirm: string;
  danger?: boolean;
}

/** Resolves to whether the user agreed. Focus returns to where it was: `<dialog>` sees to that. */
export function ask(question: Question): Promise<boolean> {
  const dialog = document.getElementById("ask") as HTMLDialogElement;
  const part = (name: string) => dialog.querySelector<HTMLElement>(`[data-ask="${name}"]`)!;
  part("title").textContent = question.title;
  part("body").textContent = question.body;
  part("cancel").textContent = text("js-cancel");
  const confirm = part("confirm");
  confirm.textContent = question.confirm;
  confirm.className = question.danger ? "btn btn-danger" : "btn btn-primary";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
