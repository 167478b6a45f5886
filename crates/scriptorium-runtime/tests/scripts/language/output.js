// limit: output_bytes=1024
// fails: limit.output
function main() {
  return "x".repeat(2000);
}
