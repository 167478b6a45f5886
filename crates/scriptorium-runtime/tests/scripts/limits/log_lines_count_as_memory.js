// returns: true
function main() {
  const line = "x".repeat(1000);
  const before = context.budget().memoryBytes.used;
  for (let i = 0; i < 200; i++) console.log(line);
  const { used } = context.budget().memoryBytes;
  return used - before >= 200000;
}
