// id: A09
// returns: "clean"
// each: Infinity
// each: -1
// each: 1e9
// each: NaN
// each: { valueOf() { return 1e9; } }
// each: new Proxy({}, {})
// each: 2 ** 31
// each: "all"
function main() {
  try { Error.stackTraceLimit = $EACH; } catch {}
  const deep = (n) => (n === 0 ? utils.date.parse("never") : deep(n - 1));
  try { deep(200); } catch (error) {
    return /\.rs\b|\/(root|home|work|tmp|usr)\/|0x[0-9a-f]{6}|wasm/.test(String(error.stack)) ? error.stack : "clean";
  }
}
