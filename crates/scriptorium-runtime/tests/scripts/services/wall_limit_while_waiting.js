// limit: wall_ms=100
// fails: limit.wall
async function main() {
  await services.demo.wait(60000);
}
