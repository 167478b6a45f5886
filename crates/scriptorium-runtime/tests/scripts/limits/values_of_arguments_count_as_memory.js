// returns: [true,true]
async function main() {
  const used = () => context.budget().memoryBytes.used;
  // As JSON 100,001 bytes, as values sixteen times as much.
  const zeros = Array.from({ length: 50000 }, () => 0);
  const before = used();
  const answer = services.demo.wait(200, zeros);
  const during = used();
  await answer;
  return [during - before >= 1600000, used() - before < 800000];
}
