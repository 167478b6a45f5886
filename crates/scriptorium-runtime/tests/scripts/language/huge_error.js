// fails: script.threw
// message: xxxx
function main() {
  throw Object.assign(new Error("x".repeat(1_000_000)), { details: "y".repeat(1_000_000) });
}
