// log: info [Object]
// log: info [Getter]
// log: info x
function main() {
  console.log(new Proxy({}, { ownKeys() { throw new Error("no"); } }));
  const o = {};
  Object.defineProperty(o, "a", { get() { throw new Error("no"); }, enumerable: true });
  console.log(o.__lookupGetter__ ? "[Getter]" : "");
  Array.prototype.join = () => "stolen";
  String.prototype.indexOf = () => { throw new Error("no"); };
  JSON.stringify = () => "stolen";
  console.log("x");
}
