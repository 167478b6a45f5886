// returns: ["RangeError TextDecoder reads utf-8 only, not windows-1251","RangeError TextDecoder reads utf-8 only, not utf-16le","TypeError the bytes are not correct UTF-8","TypeError the bytes are not correct UTF-8","TypeError decode needs an ArrayBuffer, a typed array or a DataView","TypeError decode needs an ArrayBuffer, a typed array or a DataView","TypeError","TypeError encodeInto needs a Uint8Array to write into","TypeError","TypeError","ok after a refusal"]
function main() {
  const strict = new TextDecoder("utf-8", { fatal: true });
  const attempts = [
    () => new TextDecoder("windows-1251"),
    () => new TextDecoder("UTF-16LE"),
    () => strict.decode(new Uint8Array([0xff])),
    () => strict.decode(new Uint8Array([0xd1])),
    () => strict.decode("text"),
    () => strict.decode({ byteLength: 3, buffer: new ArrayBuffer(3) }),
    () => TextDecoder.prototype.decode.call({}, new Uint8Array(1)) ,
    () => new TextEncoder().encodeInto("a", new Uint16Array(3)),
    () => new TextEncoder().encode(Symbol()),
    () => TextEncoder(),
  ];
  const told = attempts.map((attempt) => {
    try {
      return attempt();
    } catch (error) {
      const ours = /needs|reads|correct/.test(error.message);
      return ours ? `${error.name} ${error.message}` : error.name;
    }
  });
  return [...told, strict.decode(new TextEncoder().encode("ok after a refusal"))];
}
