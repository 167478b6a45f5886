// The texts that scripts show, in the page's language: an island that the server fills from the
// same catalogues as the pages.
const island = document.getElementById("texts");
const texts: Record<string, string> = island ? JSON.parse(island.textContent) : {};

/** The text of a key, its `{name}` places filled. */
export function text(key: string, values: Record<string, string | number> = {}): string {
  const found = texts[key] ?? key;
  return found.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

/** Whether the catalogue has the key. */
export function hasText(key: string): boolean {
  return key in texts;
}
