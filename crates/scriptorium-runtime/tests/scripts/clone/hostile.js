// returns: {"plain":[1,"x",true],"map":"v","error":"m","depth":50000,"lying":[2,"a"],"proto":[true,null],"keys":["__proto__"],"growing":3}
function main() {
  const source = { list: [1, "x", true], map: new Map([["k", "v"]]), error: new Error("m") };
  const { stringify } = JSON;
  const lying = [1, "a"];
  Object.defineProperty(lying, "constructor", { value: class { constructor() { throw new Error("stolen"); } } });
  Object.defineProperty(lying, Symbol.iterator, { value: () => { throw new Error("stolen"); } });
  const map = Map.prototype;
  map.forEach = map.set = map.get = map.has = () => { throw new Error("stolen"); };
  Object.defineProperty(Array.prototype, "1", { set() { throw new Error("stolen"); }, configurable: true });
  Object.defineProperty(Object.prototype, "list", { set() { throw new Error("stolen"); }, configurable: true });
  Array.prototype.push = Object.keys = Object.defineProperty = Reflect.ownKeys = () => { throw new Error("stolen"); };
  globalThis.Map = globalThis.Error = globalThis.Date = class { constructor() { throw new Error("stolen"); } };
  const copy = structuredClone(source);
  let deep = {};
  for (let i = 0; i < 50000; i++) deep = { deep };
  let depth = 0;
  for (let at = structuredClone(deep); at.deep; at = at.deep) depth++;
  delete Array.prototype[1];
  const odd = structuredClone(JSON.parse('{"__proto__":{"x":1}}'));
  // A getter that adds to what is being copied.
  const growing = { get a() { growing.z = 1; growing.b = 3; return 1; }, b: 2 };
  const of = structuredClone(lying);
  delete map.get;
  return {
    plain: copy.list,
    map: [...copy.map.values()][0],
    error: copy.error.message,
    depth,
    lying: [of.length, of[1]],
    proto: [Object.getPrototypeOf(structuredClone(Object.create(null))) === Object.prototype, structuredClone(Object.create({ x: 1 })).x ?? null],
    keys: Object.getOwnPropertyNames(odd),
    growing: structuredClone(growing).b,
  };
}
