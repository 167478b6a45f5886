// returns: {"text":["hi","ы😀","aы",""],"replaced":["\ufffd","\ufffd\ufffd","\ufffd\ufffd\ufffd","a\ufffdb","\ufffd","\ufffdA"],"mark":["x","\ufeffx","\ufeffx"],"labels":["utf-8","utf-8"],"settings":[true,true]}
function main() {
  const decode = (...bytes) => new TextDecoder().decode(new Uint8Array(bytes));
  return {
    text: [
      decode(104, 105),
      decode(0xd1, 0x8b, 0xf0, 0x9f, 0x98, 0x80),
      new TextDecoder().decode(new DataView(new Uint8Array([0, 97, 0xd1, 0x8b, 0]).buffer, 1, 3)),
      new TextDecoder().decode(),
    ],
    replaced: [
      decode(0xff),
      decode(0xc0, 0x80),
      decode(0xed, 0xa0, 0x80),
      decode(97, 0xe2, 0x82, 98),
      decode(0xf0, 0x9f, 0x98),
      decode(0xf0, 0x9f, 0x41),
    ],
    mark: [
      decode(0xef, 0xbb, 0xbf, 120),
      decode(0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf, 120),
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf, 120])),
    ],
    labels: [new TextDecoder(" UTF8\n").encoding, new TextDecoder("unicode-1-1-utf-8").encoding],
    settings: [new TextDecoder("utf8", { fatal: 1 }).fatal, new TextDecoder("utf8", { ignoreBOM: 1 }).ignoreBOM],
  };
}
