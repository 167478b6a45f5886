// limit: wall_ms=500
// fails: limit.wall
// message: the wall limit of 500 ms was exceeded
// warns: of 500 ms of wall time are used up
// never-logs: still here
function main() {
  try {
    for (;;);
  } catch {
    console.log("still here");
  } finally {
    console.log("still here");
  }
}
