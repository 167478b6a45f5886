// Length or pointer read, the script's code called, then used: the shape of most memory errors of
// the engine (T1.5). Every operation meets every hook, which changes what is being worked on.
const FILL = 64;

const makeTarget = () => {
  const buffer = new ArrayBuffer(FILL, { maxByteLength: 1 << 14 });
  const bytes = new Uint8Array(buffer);
  for (let i = 0; i < FILL; i++) bytes[i] = i;
  const list = Array.from({ length: FILL }, (_, i) => ({ i }));
  return {
    buffer, bytes, list, words: new Uint16Array(buffer), floats: new Float64Array(buffer), view: new DataView(buffer),
    numbers: Array.from({ length: FILL }, (_, i) => FILL - i), text: "abcabc".repeat(20) + list.length,
    map: new Map(list.map((one) => [one, one])), set: new Set(list), pattern: /(a)(?<b>b)?/g, big: 2n ** 300n + 7n,
  };
};

const collect = () => { for (let i = 0; i < 300; i++) { const a = {}, b = { a }; a.b = b; a.c = new Array(50).fill(b); } };

const MUTATIONS = {
  shrink(t) { t.buffer.resize(2); t.list.length = t.numbers.length = 1; },
  empty(t) { t.buffer.resize(0); t.list.length = t.numbers.length = 0; t.map.clear(); t.set.clear(); },
  grow(t) { t.buffer.resize(1 << 14); for (let i = 0; i < 500; i++) { t.list.push(i); t.numbers.push(i); t.map.set(i, i); t.set.add(i); } },
  transfer(t) { t.buffer.transfer(); },
  transferSmaller(t) { t.other = new Uint8Array(t.buffer.transferToFixedLength(1)); },
  freeze(t) { Object.freeze(t.list); Object.freeze(t.numbers); Object.preventExtensions(t.map); },
  reshape(t) { Object.setPrototypeOf(t.list, null); Object.setPrototypeOf(t.bytes, Array.prototype); Object.defineProperty(t.numbers, 1, { get: () => 1, configurable: true }); t.list.length = 2 ** 20; },
  remove(t) { for (let i = 0; i < FILL; i++) { delete t.list[i]; delete t.numbers[i]; } t.pattern.compile?.("b", "g"); },
  collect(t) { t.list.fill(null); t.map.clear(); t.set.clear(); collect(); t.buffer.resize(FILL); },
};

// A hook: a value that calls back while it is used, and a function that is called.
const plain = (...values) => values.length;
const HOOKS = {
  valueOf: (go) => [{ valueOf() { go(); return 3; } }, plain],
  toString: (go) => [{ toString() { go(); return "3"; } }, plain],
  toPrimitive: (go) => [{ [Symbol.toPrimitive](hint) { go(); return hint === "string" ? "a" : 3; } }, plain],
  getter: (go, t) => [Object.defineProperties([1, 2, 3], { 0: { get() { go(); return 1; } }, 2: { get() { go(); return t.list; } } }), plain],
  length: (go) => [{ 0: 1, 1: 2, get length() { go(); return 40; }, get size() { go(); return 40; }, has: () => { go(); return true; }, keys: () => [1, 2].values() }, plain],
  proxy: (go, t) => [new Proxy(t.list, { get(target, key, self) { go(); return Reflect.get(target, key, self); }, has() { go(); return true; }, ownKeys(target) { go(); return Reflect.ownKeys(target); }, getOwnPropertyDescriptor(target, key) { go(); return Reflect.getOwnPropertyDescriptor(target, key); } }), plain],
  callback: (go) => [3, (a, b) => { go(); return a > b ? -1 : 1; }],
  species: (go, t) => {
    class Own extends Array { constructor(...values) { super(...values); go(); } static get [Symbol.species]() { go(); return Own; } }
    for (const one of [t.list, t.numbers]) Object.defineProperty(one, "constructor", { value: Own, configurable: true, writable: true });
    Object.defineProperty(t.bytes, "constructor", { value: { get [Symbol.species]() { go(); return Uint16Array; } }, configurable: true });
    Object.defineProperty(t.buffer, "constructor", { value: { get [Symbol.species]() { go(); return ArrayBuffer; } }, configurable: true });
    return [2, plain];
  },
  iterator: (go) => { let left = 5; return [{ [Symbol.iterator]: () => ({ next() { go(); return { done: left-- === 0, value: [left, left] }; }, return() { go(); return {}; } }) }, plain]; },
  iteratorReturn: (go) => [{ [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }), return() { go(); throw new Error("closed"); } }) }, () => { throw new Error("stop"); }],
  toJSON: (go, t) => [{ toJSON() { go(); return t.list; } }, function (key, value) { go(); return value; }],
  dispose: (go) => [{ [Symbol.dispose]() { go(); }, [Symbol.asyncDispose]() { go(); } }, (value) => { go(); return value; }],
};

const endlessly = (iterator) => { for (let i = 0; i < 200; i++) if (iterator.next().done) return; iterator.return?.(); };
const OPERATIONS = {
  at: (t, x) => t.list.at(x), fill: (t, x) => t.list.fill(x, x, 50), slice: (t, x) => t.list.slice(x, 50), splice: (t, x) => t.list.splice(x, 20, x, x),
  concat: (t, x) => t.list.concat(x, t.numbers, x), indexOf: (t, x) => t.list.indexOf(5, x), lastIndexOf: (t, x) => t.list.lastIndexOf(5, x),
  includes: (t, x) => t.list.includes(5, x), copyWithin: (t, x) => t.list.copyWithin(x, 10, 60), with: (t, x) => t.list.with(x, 1), flat: (t, x) => [t.list, x, [x]].flat(x),
  join: (t, x) => [x, ...t.numbers].join(x), sort: (t, x, f) => t.numbers.sort(f), sortObjects: (t, x, f) => t.list.sort(f), toSorted: (t, x, f) => t.numbers.toSorted(f),
  map: (t, x, f) => t.list.map(f), filter: (t, x, f) => t.list.filter(f), reduce: (t, x, f) => t.numbers.reduce(f, x), reduceRight: (t, x, f) => t.numbers.reduceRight(f),
  flatMap: (t, x, f) => t.list.flatMap((one) => [f(one), x]), from: (t, x, f) => Array.from(x, f), toSpliced: (t, x) => t.list.toSpliced(x, x, x), unshift: (t, x) => t.list.unshift(x, ...[x]),
  push: (t, x) => { t.list[x] = 1; t.list.length = 200; t.list.push(x, x); }, setLength: (t, x) => { t.list.length = x; }, find: (t, x, f) => t.list.findLast(f), reverse: (t, x) => { t.list[0] = x; t.list.reverse(); },
  spread: (t, x) => [...x, ...t.list], destructure: (t, x) => { const [a, b, ...rest] = x; return rest; }, apply: (t, x, f) => Reflect.apply(f, null, x), argumentsOf: (t, x, f) => (function () { arguments.length = x; f(); return [...arguments]; })(...t.list),
  bytesAt: (t, x) => t.bytes.at(x), bytesFill: (t, x) => t.bytes.fill(x, 1, x), bytesSlice: (t, x) => t.bytes.slice(x, 60), subarray: (t, x) => t.bytes.subarray(x, 60), bytesSet: (t, x) => t.bytes.set([1, x, 2], x),
  bytesSetFrom: (t, x) => t.bytes.set(x, 1), bytesIndexOf: (t, x) => t.bytes.indexOf(5, x), bytesLastIndexOf: (t, x) => t.bytes.lastIndexOf(5, x), bytesIncludes: (t, x) => t.bytes.includes(undefined, x),
  bytesCopyWithin: (t, x) => t.bytes.copyWithin(x, 10, 60), bytesWith: (t, x) => t.bytes.with(x, x), bytesSort: (t, x, f) => t.bytes.sort(f), floatsSort: (t, x, f) => t.floats.sort(f), bytesToSorted: (t, x, f) => t.words.toSorted(f),
  bytesMap: (t, x, f) => t.bytes.map(f), bytesFilter: (t, x, f) => t.bytes.filter(f), bytesFrom: (t, x, f) => Uint8Array.from(x, f), bytesOf: (t, x) => Uint8Array.of(1, x, 2), bytesJoin: (t, x) => t.bytes.join(x),
  bytesNew: (t, x) => new Uint8Array(x), bytesOver: (t, x) => new Uint8Array(t.buffer, x, 8), wordsOfBytes: (t, x) => { t.bytes[0] = x; return new Uint16Array(t.bytes); }, bytesStore: (t, x) => { t.bytes[3] = x; t.words[3] = x; t.floats[1] = x; },
  bytesReduce: (t, x, f) => t.bytes.reduce(f, x), bytesFind: (t, x, f) => t.bytes.findLastIndex(f), base64: (t, x) => t.bytes.toBase64(x), setFromHex: (t, x) => t.bytes.setFromHex(`${x}0`),
  viewGet: (t, x) => t.view.getFloat64(x), viewSet: (t, x) => t.view.setUint32(x, x), viewNew: (t, x) => new DataView(t.buffer, x, x), viewBig: (t, x) => t.view.setBigInt64(x, 1n), bufferSlice: (t, x) => t.buffer.slice(x, 60),
  bufferResize: (t, x) => t.buffer.resize(x), bufferTransfer: (t, x) => t.buffer.transfer(x), bufferNew: (t, x) => new ArrayBuffer(x, { maxByteLength: x }),
  repeat: (t, x) => t.text.repeat(x), pad: (t, x) => t.text.padStart(x, x), replace: (t, x, f) => t.text.replace(t.pattern, f), replaceAll: (t, x) => t.text.replaceAll("a", x), split: (t, x) => t.text.split(x, x),
  substring: (t, x) => t.text.substring(x, x), concatText: (t, x) => t.text + x + t.text, raw: (t, x) => String.raw({ raw: x }, x, x), codePoints: (t, x) => String.fromCodePoint(x, 65, x), template: (t, x) => `${t.text}${x}${x}`,
  exec: (t, x) => { t.pattern.lastIndex = x; return t.pattern.exec(t.text); }, regexSplit: (t, x) => { t.pattern.constructor = { [Symbol.species]: class extends RegExp { exec(s) { `${x}`; return super.exec(s); } } }; return t.pattern[Symbol.split](t.text, x); },
  regexNew: (t, x) => new RegExp(x, "g"), regexReplace: (t, x, f) => t.pattern[Symbol.replace](x, f), regexMatch: (t, x) => endlessly(t.pattern[Symbol.matchAll](x)),
  bigText: (t, x) => t.big.toString(x), bigOf: (t, x) => BigInt(x) ** 40n, asUint: (t, x) => BigInt.asUintN(x, t.big), numberText: (t, x) => (12345.678).toString(x), fixed: (t, x) => (1.5).toFixed(x),
  mapOf: (t, x) => new Map(x), mapEach: (t, x, f) => t.map.forEach(f), groupBy: (t, x, f) => Map.groupBy(t.list, f), objectGroupBy: (t, x, f) => Object.groupBy(x, f), setEach: (t, x, f) => t.set.forEach(f), union: (t, x) => t.set.union(x),
  intersection: (t, x) => t.set.intersection(x), difference: (t, x) => t.set.symmetricDifference(x), isSubset: (t, x) => t.set.isSubsetOf(x), mapWalk: (t, x, f) => { for (const entry of t.map) f(entry); }, setWalk: (t, x, f) => { for (const one of t.set) f(one); },
  iteratorMap: (t, x, f) => endlessly(Iterator.from(x).map(f)), iteratorFlat: (t, x, f) => endlessly(t.list.values().flatMap(() => [f()])), iteratorTake: (t, x) => t.list.values().take(x).toArray(), iteratorDrop: (t, x) => endlessly(t.list.values().drop(x)),
  iteratorConcat: (t, x) => endlessly(Iterator.concat?.(x, t.list) ?? [].values()), iteratorReduce: (t, x, f) => t.list.values().reduce(f), fromEntries: (t, x) => Object.fromEntries(x), promiseAll: (t, x) => Promise.all(x), weak: (t, x) => new WeakSet(x),
  stringify: (t, x, f) => JSON.stringify([t.list, x, t.map], f), stringifyKeys: (t, x) => JSON.stringify(t.list, x, x), parse: (t, x, f) => JSON.parse("[1,[2,{\"a\":3}],4]", function (key, value) { if (key === "0") { f(key, value); this.length = 1; } return value; }),
  assign: (t, x) => Object.assign(t.list, x), define: (t, x) => Object.defineProperty(t.list, x, { value: x }), defineAll: (t, x) => Object.defineProperties({}, { a: x }), entries: (t, x) => Object.entries(x), clone: (t, x) => structuredClone([x, t.list, t.bytes]),
  construct: (t, x) => Reflect.construct(Array, x), bind: (t, x, f) => Function.prototype.apply.call(f, x, t.list), errorOf: (t, x) => new Error(x, { cause: x }).stack, dateOf: (t, x) => new Date(x, x, x), escape: (t, x) => RegExp.escape(`${x}${t.text}`),
  disposal: (t, x, f) => { const stack = new DisposableStack(); stack.use(x); stack.defer(f); stack.adopt(t, f); const moved = stack.move(); moved.dispose(); }, using: (t, x) => { using one = x; return t.list.length; },
  forIn: (t, x, f) => { for (const key in t.list) f(key); for (const key in x) f(key); }, deleteWhile: (t, x, f) => { for (const one of t.list) { f(one); t.list.splice(0, 3); } }, generator: (t, x, f) => { const g = (function* () { try { yield* x; } finally { f(); } })(); g.next(); g.return(1); },
};

// What lies around what is worked on, and has to be whole afterwards.
const sentinels = () => {
  const all = [];
  for (let i = 0; i < 60; i++) all.push({ i, text: `text ${i}`, bytes: new Uint8Array(16).fill(i), list: [i, i + 1, { i }], map: new Map([[i, i]]) });
  return all;
};
const areWhole = (all) => all.every((one, i) =>
  one.i === i && one.text === "text " + i && one.bytes.every((byte) => byte === i) && one.list.length === 3 && one.list[1] === i + 1 && one.list[2].i === i && one.map.get(i) === i);

async function main({ operation, hook, mutation }) {
  if (operation === null) return { operations: Object.keys(OPERATIONS), hooks: Object.keys(HOOKS), mutations: Object.keys(MUTATIONS) };
  const { keys } = Object, all = sentinels();
  let called = 0;
  for (const name of mutation === null ? keys(MUTATIONS) : [mutation]) {
    const target = makeTarget();
    let first = true;
    const go = () => { called++; if (first) { first = false; MUTATIONS[name](target); } };
    try {
      const [value, callback] = HOOKS[hook](go, target);
      await OPERATIONS[operation](target, value, callback);
    } catch {}
    collect();
    for (const one of [target.bytes, target.words, target.floats]) void one.length, one[0], one[FILL - 1];
    void target.list.length, target.numbers[1], target.map.size;
  }
  return [areWhole(all), called > 0];
}
