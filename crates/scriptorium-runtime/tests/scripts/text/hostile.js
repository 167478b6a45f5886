// returns: {"text":"ы","bytes":[209,139],"lied":"ab","megabytes":8000000}
function main() {
  const bytes = new Uint8Array([209, 139]);
  const lying = new Uint8Array([97, 98]);
  Object.defineProperties(lying, { buffer: { value: new ArrayBuffer(9) }, byteLength: { value: 1e9 }, length: { value: 1e9 }, byteOffset: { value: -5 } });
  String.prototype.toWellFormed = () => "stolen";
  Uint8Array.prototype.set = () => { throw new Error("stolen"); };
  Object.defineProperty(Object.getPrototypeOf(Uint8Array.prototype), "subarray", { value: () => "stolen" });
  Object.defineProperty(Object.getPrototypeOf(Uint8Array.prototype), "byteLength", { get: () => 7 });
  Object.defineProperty(Uint8Array, Symbol.species, { value: Array });
  Uint8Array.prototype.constructor = Array;
  Object.defineProperty(Object.prototype, "0", { set() { throw new Error("stolen"); }, configurable: true });
  const decoder = new TextDecoder();
  const text = decoder.decode(bytes.slice === undefined ? bytes : bytes, { stream: true }) + decoder.decode();
  const encoded = new TextEncoder().encode("ы");
  return {
    text,
    bytes: [encoded[0], encoded[1]],
    lied: new TextDecoder().decode(lying),
    megabytes: new TextDecoder().decode(new TextEncoder().encode("x".repeat(8e6))).length,
  };
}
