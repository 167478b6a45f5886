// id: I06
// fails: limit.memory
// limit: memory_bytes=8388608
// each: "x".repeat(10000).replace(/x/g, "$`")
// each: "x".repeat(10000).replace(/x/g, "$'")
// each: "x".repeat(10000).replace(/x/g, "$&".repeat(10000))
// each: "x".repeat(10000).replaceAll("x", "$`$'")
// each: (RegExp.prototype.exec = () => ({ length: -1, index: NaN }), "a".replace(/a/g, "b"))
// each: "x".repeat(1000000).match(/x/g)
// each: [..."x".repeat(100000).matchAll(/(x)/dg)]
export default () => $EACH;
