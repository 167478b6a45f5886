// expect: ok true
// limits: memory=32MiB
// Blocks of all sizes, grown, shrunk and freed in an order of chance, keep their bytes.
let state = 12345;
const chance = (below) => (state = (state * 1103515245 + 12345) & 0x7fffffff) % below;

export default () => {
  const held = [];
  for (let round = 0; round < 20_000; round++) {
    const at = chance(300);
    const old = held[at];
    if (old) {
      for (const i of [0, old.bytes.length >> 1, old.bytes.length - 1]) if (old.bytes[i] !== old.mark) return [round, at];
      if (old.text !== String(old.mark).repeat(old.times)) return ['text', round, at];
    }
    if (chance(4) === 0) { held[at] = undefined; continue; }
    const mark = chance(256), times = 1 + chance(1 << chance(10));
    const buffer = new ArrayBuffer(1 + chance(1 << chance(15)), { maxByteLength: 1 << 16 });
    new Uint8Array(buffer).fill(mark);
    const size = buffer.byteLength;
    buffer.resize(1 + chance(size));
    let text = '';
    for (let i = 0; i < times; i++) text += mark;
    held[at] = { mark, times, text, bytes: new Uint8Array(buffer) };
  }
  return true;
};
