// id: C14b
// returns: {}
// each: new WeakMap()
// each: new Map([[1, 2]])
// each: (function* () {})()
// each: (async function* () {})()
// each: /x/g
// each: new ArrayBuffer(8)
// each: new Error("x")
export default () => $EACH;
