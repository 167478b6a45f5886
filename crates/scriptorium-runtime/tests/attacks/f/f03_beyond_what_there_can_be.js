// id: F03
// returns: "RangeError"
// each: new ArrayBuffer(2 ** 53)
// each: new Array(-1)
// each: "x".repeat(2 ** 31)
// each: "x".repeat(Infinity)
// each: new Uint8Array(2 ** 40)
// each: 2n ** (2n ** 64n)
// each: 1n << (2n ** 64n)
// each: new ArrayBuffer(2 ** 32)
// each: 2n ** (2n ** 29n)
// each: 1n << (2n ** 29n)
// each: (() => { let n = 3n; for (;;) n = n * n; })()
// each: BigInt.asUintN(2 ** 53, -1n)
// each: Array(2 ** 32)
export default () => { try { $EACH; return "made"; } catch (error) { return error.name; } };
