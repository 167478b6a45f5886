// limit: memory_bytes=1048576
// fails: limit.memory
// never-logs: still here
async function main() {
  const large = "x".repeat(50000);
  try {
    for (let i = 0; i < 40; i++) services.demo.wait(60000, large);
    await services.demo.wait(60000);
  } catch {
    console.log("still here");
  }
}
