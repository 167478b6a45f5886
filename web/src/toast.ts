// Short messages in a corner, announced to screen readers. One may be kept for the next page.
const KEPT = "toast";
const SHOWN_MS = 5000;

export type Tone = "good" | "bad";

export function toast(message: string, tone: Tone = "good"): void {
  const list = document.getElementById("toasts");
  if (!list) return;
  const item = document.createElement("p");
  item.className = "toast";
  item.dataset.tone = tone;
  item.textContent = message;
  list.append(item);
  setTimeout(() => item.remove(), SHOWN_MS);
}

/** Shows the message on the page that is opened next. */
export function toastNext(message: string): void {
  sessionStorage.setItem(KEPT, message);
}

export function showKept(): void {
  const kept = sessionStorage.getItem(KEPT);
  if (!kept) return;
  sessionStorage.removeItem(KEPT);
  toast(kept);
}
