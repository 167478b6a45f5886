// id: B02a
// returns: "done"
// leaves: [true,true,7,"function"]
function main(input) {
  if (input !== "look") {
    for (const key of Reflect.ownKeys(globalThis)) {
      try { Object.defineProperty(globalThis, key, { get: () => { throw new Error("taken"); }, configurable: false }); } catch {}
    }
    try { Object.freeze(globalThis); } catch {}
    return "done";
  }
  globalThis.b02 = 7;
  return [Object.isExtensible(globalThis), Object.getOwnPropertyDescriptor(globalThis, "JSON").configurable, b02, typeof setTimeout];
}
