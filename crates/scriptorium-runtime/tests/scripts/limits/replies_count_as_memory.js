// limit: memory_bytes=1048576
// fails: limit.memory
async function main() {
  await storage.set("large", "x".repeat(200000));
  await Promise.all(Array.from({ length: 8 }, () => storage.get("large")));
}
