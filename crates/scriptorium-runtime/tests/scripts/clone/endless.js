// limit: memory_bytes=8388608
// fails: limit.memory
function main() {
  const endless = () => ({ get next() { return endless(); } });
  structuredClone(endless());
}
