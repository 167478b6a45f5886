// JSON for people: indented, with its tokens coloured. Everything ends up as text nodes, so a
// script's output can never become markup.
const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null)/g;
const COLOURED_CHARACTERS = 200_000;

export function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? "";
}

/** Fills `target` with the text, tokens in spans. Very long texts stay plain. */
export function showJson(target: HTMLElement, source: string): void {
  target.replaceChildren();
  if (source.length > COLOURED_CHARACTERS) {
    target.textContent = source;
    return;
  }
  let end = 0;
  for (const match of source.matchAll(TOKEN)) {
    target.append(source.slice(end, match.index));
    const [whole, string, colon] = match;
    const kind = string ? (colon ? "key" : "string") : match[3] ? "number" : "word";
    const span = document.createElement("span");
    span.className = `json-${kind}`;
    span.textContent = string ?? whole;
    target.append(span, colon ?? "");
    end = match.index + whole.length;
  }
  target.append(source.slice(end));
}
