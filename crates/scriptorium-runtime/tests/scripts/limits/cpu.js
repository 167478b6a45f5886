// limit: cpu_ms=500
// fails: limit.cpu
// message: the cpu limit of 500 ms was exceeded
// warns: of 500 ms of CPU time are used up
// never-logs: still here
function main() {
  try {
    for (;;);
  } finally {
    console.log("still here");
  }
}
