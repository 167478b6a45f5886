// returns: {"whole":true,"parts":["","ы","","","","😀",""],"broken":["\ufffd","a"],"end":"\ufffd","mark":["","","x"],"changed":"ы"}
function main() {
  const text = "aыя漢😀\u{10ffff}\u07ff\u0800é";
  const bytes = new TextEncoder().encode(text);
  // Cut at every place, in two and in three.
  let whole = true;
  for (let i = 0; i <= bytes.length; i++) {
    for (let j = i; j <= bytes.length; j++) {
      const decoder = new TextDecoder("utf-8", { fatal: true });
      const parts = [bytes.subarray(0, i), bytes.subarray(i, j), bytes.subarray(j)];
      const got = parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode();
      if (got !== text) whole = false;
    }
  }
  const decoder = new TextDecoder();
  const one = (...list) => decoder.decode(new Uint8Array(list), { stream: true });
  const parts = [one(0xd1), one(0x8b), one(0xf0), one(0x9f), one(0x98), one(0x80), decoder.decode()];
  const broken = [one(0xe0, 0x80), one(97)];
  broken[0] = broken[0].slice(0, 1);
  one(0xe2, 0x82);
  const end = decoder.decode();
  const mark = [one(0xef), one(0xbb, 0xbf), one(120)];
  decoder.decode();
  const shared = new Uint8Array([0xd1]);
  decoder.decode(shared, { stream: true });
  shared[0] = 0;
  const changed = decoder.decode(new Uint8Array([0x8b]));
  return { whole, parts, broken, end, mark, changed };
}
