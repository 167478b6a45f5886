// limit: wall_ms=300
// fails: limit.wall
async function main() {
  const again = () => setTimeout(again, 0);
  again();
  await new Promise(() => {});
}
