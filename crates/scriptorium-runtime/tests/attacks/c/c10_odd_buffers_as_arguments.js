// id: C10
// returns: ["TypeError",[""],["AAA=","AAAAAAAAAAA="],["AAA="],"VALIDATION_ERROR"]
async function main() {
  const gone = new ArrayBuffer(8);
  gone.transfer();
  const bytes = async (...values) => (await services.demo.echo(...values)).args.map((value) => value.$bytes);
  const name = async (work) => { try { return await work(); } catch (error) { return error.code ?? error.name; } };
  const many = new ArrayBuffer(1 << 16);
  return [await name(() => bytes(gone)), await bytes(new Uint8Array(many, 65536, 0)), await bytes(new DataView(many, 3, 2), new BigInt64Array(1)),
    await bytes(new Float16Array(1)), await name(() => utils.crypto.hash(new SharedArrayBuffer(8)))];
}
