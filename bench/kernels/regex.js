// Three patterns over a text of 1 MB.
const LINE = "2026-03-14T09:26:53Z INFO order 1042 of client anna@example.com paid 99.50 EUR in Tashkent\n";

export default function () {
  const text = LINE.repeat(Math.ceil(1_000_000 / LINE.length));
  let sum = 0;
  for (const match of text.matchAll(/(\d{4})-(\d\d)-(\d\d)T/g)) sum += Number(match[2]);
  sum += text.match(/[a-z]+@[a-z]+\.com/g).length;
  sum += text.replace(/\b(\d+)\.(\d+)\b/g, "$2,$1").length;
  return sum;
}
