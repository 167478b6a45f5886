// id: M10
// returns: "ended"
// each: new Uint8Array(10).subarray(2 ** 32, 2 ** 33)
// each: new DataView(new ArrayBuffer(8)).getUint8(2 ** 32)
// each: new Uint8Array(new ArrayBuffer(8), 2 ** 32)
// each: new ArrayBuffer(8).slice(2 ** 32 - 1, 2 ** 32 + 8)
// each: [1, 2, 3].slice(-(2 ** 32), 2 ** 32 + 1)
// each: "abc".slice(2 ** 32, 2 ** 32 + 1)
// each: "abc".at(2 ** 32)
// each: [].concat({ length: 2 ** 32 + 1, [Symbol.isConcatSpreadable]: true, get 0() { throw new RangeError("0"); } })
// each: new Uint8Array(10).set([1], 2 ** 32)
// each: new Uint8Array(10).with(2 ** 32, 1)
// each: String.fromCharCode(2 ** 32 + 65)
// each: new Date(8.64e15 + 1).toISOString()
// each: (25).toString(2 ** 32 + 2)
// each: [].length = 2 ** 32
// each: Array.prototype.push.call({ length: 2 ** 53 - 1 }, 1)
// each: Reflect.apply(Math.max, null, { length: 2 ** 32 })
export default () => { try { $EACH; } catch (error) { if (!(error instanceof RangeError) && !(error instanceof TypeError)) throw error; } return "ended"; };
