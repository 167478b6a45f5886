// limit: memory_bytes=8388608
// fails: limit.memory
async function main() {
  // As JSON 160,001 bytes, as values a map each.
  await services.demo.echo(Array.from({ length: 20000 }, () => ({ a: 1 })));
}
