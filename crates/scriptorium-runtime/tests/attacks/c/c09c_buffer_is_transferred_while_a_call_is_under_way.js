// id: C09c
// returns: ["AQIDBA==",true]
async function main() {
  const view = new Uint8Array([1, 2, 3, 4]);
  const under = services.demo.echo(view);
  view.fill(9);
  view.buffer.transfer();
  const { args } = await under;
  return [args[0].$bytes, view.buffer.detached];
}
