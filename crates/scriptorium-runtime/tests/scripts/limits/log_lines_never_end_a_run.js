// limit: memory_bytes=1048576
// returns: "done"
function main() {
  const kept = [];
  const { budget } = context;
  while (budget().memoryBytes.remaining > 150000) kept.push("x".repeat(1000) + kept.length);
  for (let i = 0; i < 200; i++) console.log(kept[0]);
  return "done";
}
