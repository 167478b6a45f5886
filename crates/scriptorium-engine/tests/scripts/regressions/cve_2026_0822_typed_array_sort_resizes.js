// expect: ok true
export default () => {
  const buffer = new ArrayBuffer(64, { maxByteLength: 128 });
  const t = new Uint8Array(buffer).map((_, i) => 64 - i);
  const tracking = new Uint8Array(buffer);
  tracking.set(t);
  tracking.sort((a, b) => { buffer.resize(8); return a - b });
  return tracking.length === 8;
}
