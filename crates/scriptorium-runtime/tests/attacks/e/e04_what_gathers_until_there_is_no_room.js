// id: E04
// fails: limit.memory
// limit: memory_bytes=4194304
// each: Array.from({ length: 2 ** 32 - 1 })
// each: [...iterable(1)]
// each: Iterator.from(iterable(1)[Symbol.iterator]()).toArray()
// each: Array.from(iterable(1))
// each: Promise.all(iterable(1))
// each: Promise.allSettled(iterable(1))
// each: Math.max(...iterable(1))
// each: Uint8Array.from(iterable(1))
// each: Map.groupBy(iterable(1), () => 1)
// each: String.raw({ raw: { length: 2 ** 53 - 1 } })
// each: JSON.stringify(new Proxy([], { get: (t, k) => (k === "length" ? 2 ** 32 : t[k]) }))
// each: concat.call([], spreadable)
// each: structuredClone(Array.from({ length: 1e6 }, () => ({})))
// each: new AggregateError(iterable(1))
const iterable = (value) => ({ [Symbol.iterator]: () => ({ next: () => ({ done: false, value }) }) });
const spreadable = { length: 2 ** 53 - 1, [Symbol.isConcatSpreadable]: true, get 0() { return "x".repeat(5e6); } };
const { concat } = Array.prototype;
export default () => $EACH;
