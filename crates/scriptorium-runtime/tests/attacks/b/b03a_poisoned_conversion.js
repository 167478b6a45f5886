// id: B03a
// returns: {"list":[1,"x"],"args":[[1,2],{"a":null}],"stored":[{"n":1}]}
// leaves: {"a":[1]}
async function main(input) {
  if (input === "look") return { a: [1] };
  const { defineProperty } = Object;
  defineProperty(Object.prototype, "then", { get() { return undefined; }, configurable: true });
  for (const key of ["args", "list", "a", "n", "stored", "code", "value"]) {
    defineProperty(Array.prototype, key, { set() { throw new Error("stolen"); }, configurable: true });
    defineProperty(Object.prototype, key, { set() { throw new Error("stolen"); }, configurable: true });
  }
  Array.prototype[Symbol.iterator] = () => { throw new Error("stolen"); };
  const { args } = await services.demo.echo([1, 2], { a: null });
  await storage.set("b03", [{ n: 1 }]);
  const stored = await storage.get("b03");
  return { list: [1, "x"], args, stored };
}
