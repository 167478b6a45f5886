// id: C09b
// fails: script.threw
// message: TypeError: ArrayBuffer is detached
async function main() {
  const buffer = new ArrayBuffer(4);
  const view = new Uint8Array(buffer);
  const { args } = await services.demo.echo((buffer.transfer(), { x: 1 }), view);
  return args;
}
