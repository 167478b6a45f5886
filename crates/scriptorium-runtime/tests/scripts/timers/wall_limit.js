// limit: wall_ms=200
// fails: limit.wall
async function main() {
  await new Promise((done) => setTimeout(done, 1e12));
}
