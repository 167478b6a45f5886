// expect: ok true
export default () => {
  const buffer = new ArrayBuffer(16, { maxByteLength: 64 });
  const source = new Uint8Array(buffer);
  class Evil extends Uint8Array { static get [Symbol.species]() { buffer.resize(1); return Uint8Array } }
  const out = new Evil(source).slice(0);
  return out.length === 16;
}
