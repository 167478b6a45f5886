// id: L02
// returns: "whole"
// CVE-2026-0822, CVE-2026-120439
// each: bytes.sort((a, b) => { buffer.resize(1); return a - b; })
// each: bytes.sort((a, b) => { buffer.transfer(); return a - b; })
// each: bytes.toSorted((a, b) => { buffer.resize(1024); return b - a; })
// each: [3, 2, 1, 4].sort(function () { this; list.length = 0; return 1; })
// each: list.sort(() => { list.length = 0; list.push(...Array(500)); return 1; })
export default () => {
  const buffer = new ArrayBuffer(512, { maxByteLength: 1024 }), bytes = new Uint8Array(buffer).map((_, i) => 255 - i), list = Array.from({ length: 200 }, (_, i) => -i);
  try { $EACH; } catch (error) { if (!(error instanceof TypeError)) throw error; }
  return "whole";
};
