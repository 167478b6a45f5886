// id: M03
// fails: limit.memory
// limit: memory_bytes=2097152
// leaves: [1]
// The guest is gone while the host still holds what it was told.
export default async (input) => {
  if (input === "look") return (await services.demo.echo(1)).args;
  const kept = [];
  for (;;) { kept.push(services.demo.wait(60000, "x".repeat(1000))); kept.push(new Uint8Array(50000)); }
};
