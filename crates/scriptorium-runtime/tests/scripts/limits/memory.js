// limit: memory_bytes=16777216
// fails: limit.memory
// message: the memory limit of 16777216 bytes was exceeded
// warns: of 16777216 bytes of memory are used up
// never-logs: still here
function main() {
  const kept = [];
  try {
    for (;;) kept.push("x".repeat(1000) + kept.length);
  } catch {
    console.log("still here");
  }
}
