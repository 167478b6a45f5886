// limit: output_bytes=1024
// fails: limit.output
// message: the output limit of 1024 bytes was exceeded
function main() {
  return "x".repeat(1023);
}
