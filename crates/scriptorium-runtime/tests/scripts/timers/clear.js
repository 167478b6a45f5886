// returns: ["kept","late"]
async function main() {
  const seen = [];
  const add = (name, delay) => setTimeout(() => seen.push(name), delay);
  clearTimeout(add("first", 1));
  const kept = add("kept", 3);
  const text = add("text", 2);
  clearTimeout(String(text));
  clearTimeout(undefined);
  clearTimeout({});
  clearTimeout(-1);
  clearTimeout(kept + 1000);
  const other = add("cleared by another", 4);
  setTimeout(() => clearTimeout(other), 3);
  await new Promise((done) => setTimeout(() => { seen.push("late"); done(); }, 10));
  clearTimeout(kept);
  return seen;
}
