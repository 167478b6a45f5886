// id: L01
// returns: "whole"
// CVE-2026-0821, CVE-2026-1145: a constructor that reads a length, calls back, and copies.
// each: new Uint8Array({ get length() { return 64; }, get 0() { buffer.resize(0); return 1; } })
// each: new Uint16Array(Object.defineProperty(bytes, Symbol.iterator, { value: function* () { buffer.resize(1); yield* [1, 2, 3]; } }))
// each: new Float64Array({ length: { valueOf() { buffer.transfer(); return 8; } } })
// each: new Uint8Array(buffer, { valueOf() { buffer.resize(0); return 0; } }, 64)
// each: Uint8Array.from({ length: 100, get 50() { buffer.resize(0); return bytes[99]; } }, (x) => x)
export default () => {
  const buffer = new ArrayBuffer(64, { maxByteLength: 1024 }), bytes = new Uint8Array(buffer);
  try { $EACH; } catch (error) { if (!(error instanceof TypeError) && !(error instanceof RangeError)) throw error; }
  return "whole";
};
