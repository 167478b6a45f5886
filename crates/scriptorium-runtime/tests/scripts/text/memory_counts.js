// fails: limit.memory
function main() {
  const held = [];
  for (;;) held.push(new TextEncoder().encode("x".repeat(4e6)));
}
