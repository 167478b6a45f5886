// id: A07
// returns: ["undefined","undefined","undefined","object",{}]
async function main() {
  const shared = new SharedArrayBuffer(8);
  const { args } = await services.demo.echo(shared);
  return [typeof Atomics, typeof Worker, typeof WebAssembly, typeof shared, args[0]];
}
