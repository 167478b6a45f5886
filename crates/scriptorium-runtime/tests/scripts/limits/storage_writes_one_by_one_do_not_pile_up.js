// limit: memory_bytes=1048576
// returns: 20
async function main() {
  const large = "x".repeat(100000);
  let count = 0;
  for (; count < 20; count++) await storage.set(`key ${count}`, large);
  return count;
}
