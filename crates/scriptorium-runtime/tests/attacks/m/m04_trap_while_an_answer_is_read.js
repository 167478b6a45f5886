// id: M04
// fails: limit.memory
// limit: memory_bytes=3145728
// leaves: [1]
export default async (input) => {
  if (input === "look") return (await services.demo.echo(1)).args;
  const large = Array(40000).fill(0);
  const kept = [];
  for (;;) kept.push(await services.demo.echo(large));
};
