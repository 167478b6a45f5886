// limit: wall_ms=300
// fails: limit.wall
// warns: of 300 ms of wall time are used up
// never-logs: still here
async function main() {
  try {
    await services.demo.wait(60000);
  } catch {
    console.log("still here");
  }
}
