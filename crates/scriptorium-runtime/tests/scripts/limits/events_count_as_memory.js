// limit: memory_bytes=1048576
// fails: limit.memory
// never-logs: still here
async function main() {
  const large = "x".repeat(100000);
  try {
    for (let i = 0; i < 20; i++) await events.publish("order.created", { large });
  } catch {
    console.log("still here");
  }
}
