// id: E05
// fails: limit.cpu
// limit: cpu_ms=40
// each: bytes.fill(1)
// each: bytes.reverse()
// each: bytes.sort()
// each: bytes.indexOf(7)
// each: bytes.lastIndexOf(7)
// each: bytes.includes(7)
// each: bytes.copyWithin(1, 0)
// each: bytes.set(bytes.subarray(1))
// each: bytes.every(() => true)
// each: bytes.reduce((a, b) => a + b)
// each: bytes.toReversed().at(0)
// each: bytes.with(0, 1).at(0)
// each: bytes.slice(1).at(0)
// each: bytes.join("").at(0)
// each: new Uint16Array(bytes).at(0)
// each: Uint8Array.from(bytes).at(0)
// each: bytes.toBase64().at(0)
// each: bytes.toHex().at(0)
// each: new TextDecoder().decode(bytes).at(0)
export default () => { const bytes = new Uint8Array(1 << 20); for (;;) $EACH; };
