// fails: limit.stack
// never-logs: still here
function main() {
  try {
    return JSON.parse("[".repeat(100_000) + "]".repeat(100_000)).length;
  } catch {
    console.log("still here");
  } finally {
    console.log("still here");
  }
}
