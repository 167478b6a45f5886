// id: C09a
// returns: [{"$bytes":"AQIDBA=="},{"x":1},0]
async function main() {
  const buffer = new ArrayBuffer(4, { maxByteLength: 64 });
  const view = new Uint8Array(buffer);
  view.set([1, 2, 3, 4]);
  const { args } = await services.demo.echo(view, { get x() { buffer.resize(0); return 1; } });
  return [...args, buffer.byteLength];
}
