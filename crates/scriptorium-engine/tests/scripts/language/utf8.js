// expect: ok {"bytes":[97,0,209,139,240,159,152,128],"text":"a\u0000ы😀","wrong":["�","��","��","���","���","�a","�","�","����","�a","��","�"],"strict":[null,null,null,"ok"],"odd":["TypeError","TypeError","TypeError","TypeError","TypeError"],"empty":["",0]}
export default function () {
  const text = (...bytes) => utf8Text(new Uint8Array(bytes), false);
  const refused = (work) => {
    try {
      return work();
    } catch (error) {
      return error.name;
    }
  };
  const gone = new Uint8Array(8);
  gone.buffer.transfer();
  return {
    bytes: Array.from(utf8('a\0ы😀')),
    text: text(97, 0, 209, 139, 240, 159, 152, 128),
    wrong: [
      text(0x80), text(0xc0, 0xaf), text(0xc1, 0xbf), text(0xe0, 0x9f, 0xbf), text(0xed, 0xa0, 0x80), text(0xe1, 0x80, 97),
      text(0xf0, 0x90, 0x80), text(0xf1), text(0xf4, 0x90, 0x80, 0x80), text(0xf0, 0x90, 97), text(0xf5, 0xff), text(0xef, 0xbf, 0xbd),
    ],
    strict: [utf8Text(new Uint8Array([0xff]), true), utf8Text(new Uint8Array([0xd1]), true), utf8Text(new Uint8Array([0xd1, 97]), true), utf8Text(new Uint8Array([111, 107]), true)],
    odd: [
      refused(() => utf8Text([1], false)),
      refused(() => utf8Text(new Uint16Array(1), false)),
      refused(() => utf8Text(undefined, false)),
      refused(() => utf8Text(gone, false)),
      refused(() => utf8(Symbol())),
    ],
    empty: [text(), utf8('').length],
  };
}
