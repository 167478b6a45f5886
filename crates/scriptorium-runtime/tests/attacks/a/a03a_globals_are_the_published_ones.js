// id: A03a
// returns: {"inherited":"__defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__ __proto__ constructor hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf","ours":"cache console context ctx db events http sdk secrets services storage utils","this":"undefined"}
// The own names of the global object are compared in tests/scripts/language/globals.js.
const outer = typeof this;
function main() {
  const inherited = [];
  for (let object = Object.getPrototypeOf(globalThis); object !== null; object = Object.getPrototypeOf(object)) {
    inherited.push(...Reflect.ownKeys(object).map(String));
  }
  const fixed = Reflect.ownKeys(globalThis).filter((key) => {
    const { configurable, writable, value } = Object.getOwnPropertyDescriptor(globalThis, key);
    return !configurable && !writable && !(typeof value === "number") && value !== undefined || (!configurable && writable === undefined);
  });
  return { inherited: inherited.sort().join(" "), ours: fixed.map(String).sort().join(" "), this: outer };
}
