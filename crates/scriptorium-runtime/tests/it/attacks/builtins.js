// Every function that a script can reach, called with what keeps a native loop busy (T1.3). The
// list is walked out of the engine itself: a new version's new functions are in it.
const likeAnArray = () => ({ length: 2 ** 53 - 1, 0: 1, 1: 2, size: 2 ** 53 - 1, has: () => true, keys: endless });
const endless = () => ({ next: () => ({ done: false, value: [1, 2] }), [Symbol.iterator]() { return this; } });
const back = (...values) => values.length;
const proxied = () => new Proxy(likeAnArray(), { get: (target, key) => (key === "length" ? 2 ** 53 - 1 : target[key]), has: () => true });

const SHAPES = {
  callback: (f) => f.call(likeAnArray(), back, 0),
  arrayLike: (f) => f.call(likeAnArray(), likeAnArray(), likeAnArray(), likeAnArray()),
  argument: (f) => f(likeAnArray(), back),
  number: (f) => f.call([1, 2, 3], 2 ** 53 - 1, 2 ** 32 - 1, 2 ** 31),
  bytes: (f) => f.call(new Uint8Array(1 << 22), new Uint8Array(1 << 22), back),
  text: (f) => f.call("ab".repeat(1 << 20), "a".repeat(1 << 20), "b".repeat(1 << 20)),
  iterable: (f) => f.call({ [Symbol.iterator]: endless, ...endless() }, { [Symbol.iterator]: endless, [Symbol.asyncIterator]: endless }, back),
  proxy: (f) => f.call(proxied(), proxied(), proxied()),
  constructed: (f) => Reflect.construct(f, [likeAnArray(), likeAnArray()]),
};

const roots = () => ({
  globalThis, services, context, storage, events, http, utils, console, ctx, crypto, performance,
  generator: function* () {}, async: async () => 1, asyncGenerator: async function* () {}, running: (function* () {})(),
  array: [][Symbol.iterator](), map: new Map()[Symbol.iterator](), set: new Set()[Symbol.iterator](), text: ""[Symbol.iterator](),
  matches: "".matchAll(/x/g), helper: [].values().map(back), wrapped: Iterator.from({ next() {} }), url: new URL("http://a/"),
  query: new URLSearchParams("a=1").entries(), signal: new AbortController().signal, logger: ctx.logger,
});

const functions = () => {
  const found = [], seen = new Set();
  const visit = (value, path) => {
    if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return;
    seen.add(value);
    if (typeof value === "function") found.push([path, value]);
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key);
      for (const part of ["value", "get", "set"]) visit(property[part], `${path}.${String(key)}${part === "value" ? "" : ` (${part})`}`);
    }
    visit(Object.getPrototypeOf(value), `${path}.prototype`);
  };
  const from = roots();
  for (const name in from) visit(from[name], name);
  return found;
};

async function main({ index, shape }) {
  const all = functions();
  if (index === null) return { names: all.map(([path]) => path), shapes: Object.keys(SHAPES) };
  try {
    const result = await SHAPES[shape](all[index][1]);
    // What is lazy is asked until it ends.
    if (typeof result?.next === "function") while (!(await result.next()).done);
    return "ended";
  } catch (error) {
    return "threw";
  }
}
