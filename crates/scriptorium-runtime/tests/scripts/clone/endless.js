// fails: limit.memory
function main() {
  const endless = () => ({ get next() { return endless(); } });
  structuredClone(endless());
}
