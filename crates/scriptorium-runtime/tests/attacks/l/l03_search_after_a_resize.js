// id: L03
// returns: "whole"
// 0721419, e6e4e76
// each: bytes.lastIndexOf(0, { valueOf() { buffer.resize(1); return 60; } })
// each: bytes.indexOf(undefined, { valueOf() { buffer.transfer(); return 0; } })
// each: bytes.includes(undefined, { valueOf() { buffer.resize(0); return 0; } })
// each: bytes.with({ valueOf() { buffer.resize(0); return 5; } }, 1)
// each: bytes.with(5, { valueOf() { buffer.resize(0); return 5; } })
// each: bytes.fill({ valueOf() { buffer.resize(0); return 5; } }, 0, 60)
// each: bytes.copyWithin({ valueOf() { buffer.resize(8); return 0; } }, 10, 60)
// each: bytes.set([1, { valueOf() { buffer.resize(0); return 1; } }, 3], 50)
// each: bytes.subarray({ valueOf() { buffer.resize(0); return 5; } }, 60)
// each: bytes.slice({ valueOf() { buffer.resize(8); return 0; } }, 60)
// each: bytes.join({ toString() { buffer.resize(0); return ","; } })
// each: new DataView(buffer).setFloat64({ valueOf() { buffer.resize(0); return 0; } }, 1)
// each: new DataView(buffer).getFloat64({ valueOf() { buffer.resize(4); return 0; } })
export default () => {
  const buffer = new ArrayBuffer(64, { maxByteLength: 1024 }), bytes = new Uint8Array(buffer);
  try { $EACH; } catch (error) { if (!(error instanceof TypeError) && !(error instanceof RangeError)) throw error; }
  return "whole";
};
