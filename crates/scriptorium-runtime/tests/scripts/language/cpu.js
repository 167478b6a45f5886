// limit: wall_ms=50
// fails: limit.wall
function main() {
  for (;;);
}
