// What it keeps for itself counts: it cannot fill the process.
// dry: true
// limit: api_calls=10000
// limit: memory_bytes=8388608
// fails: limit.memory
async function main() {
  for (let n = 0; n < 1000; n++) await storage.set("k" + n, "x".repeat(100000));
}
