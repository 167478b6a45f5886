// limit: memory_bytes=1048576
// fails: limit.memory
async function main() {
  const large = "x".repeat(100000);
  await Promise.all(Array.from({ length: 20 }, (_, i) => storage.set(`key ${i}`, large)));
}
