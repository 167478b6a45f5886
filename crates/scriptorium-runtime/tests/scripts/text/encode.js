// returns: {"ascii":[104,105],"wide":[209,139,240,159,152,128],"lone":[239,191,189,97],"none":[],"number":[52,50],"utf8":"utf-8","into":[{"read":1,"written":2},[209,139,0,0]],"cut":[{"read":0,"written":0},{"read":2,"written":4},{"read":3,"written":3}]}
function main() {
  const encoder = new TextEncoder();
  const bytes = (text) => Array.from(encoder.encode(text));
  const into = new Uint8Array(4);
  const first = encoder.encodeInto("ы", into);
  return {
    ascii: bytes("hi"),
    wide: bytes("ы😀"),
    lone: bytes("\ud800a"),
    none: bytes(),
    number: bytes(42),
    utf8: encoder.encoding,
    into: [first, Array.from(into)],
    cut: [
      encoder.encodeInto("😀", new Uint8Array(3)),
      encoder.encodeInto("😀😀", new Uint8Array(7)),
      encoder.encodeInto("abcdef", new Uint8Array(3)),
    ],
  };
}
