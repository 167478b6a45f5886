// A tokenizer that reads a program of its own, character by character.
const PIECE = 'let total = price * (1 + 0.12); // tax\nif (total >= 99.5 && name !== "none") { send(name, total, [1, 2, 3]); }\n';
const isLetter = (code) => (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
const isDigit = (code) => code >= 48 && code <= 57;

function* tokens(text) {
  let at = 0;
  while (at < text.length) {
    const begin = at;
    const code = text.charCodeAt(at++);
    if (code === 32 || code === 10) continue;
    if (isLetter(code)) {
      while (isLetter(text.charCodeAt(at)) || isDigit(text.charCodeAt(at))) at++;
      yield { kind: "word", text: text.slice(begin, at) };
    } else if (isDigit(code)) {
      while (isDigit(text.charCodeAt(at)) || text[at] === ".") at++;
      yield { kind: "number", text: text.slice(begin, at) };
    } else if (code === 34) {
      while (text[at] !== '"') at++;
      yield { kind: "text", text: text.slice(begin, ++at) };
    } else if (code === 47 && text[at] === "/") {
      while (at < text.length && text[at] !== "\n") at++;
    } else {
      yield { kind: "sign", text: text.slice(begin, at) };
    }
  }
}

export default function () {
  const counts = {};
  let sum = 0;
  for (const { kind, text } of tokens(PIECE.repeat(2000))) {
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (kind === "number") sum += Number(text);
  }
  return [counts, sum];
}
