// id: E03
// fails: limit.cpu
// limit: cpu_ms=40
// each: new Set([1]).union({ size: 1, has: () => true, keys: endless })
// each: new Set([1]).isSupersetOf({ size: 1, has: () => true, keys: endless1 })
// each: new Set([1]).difference({ size: 0, has: () => true, keys: endless1 })
// each: new Set([1]).symmetricDifference({ size: 1, has: () => true, keys: endless })
// each: new Map(iterable([1, 2]))
// each: new Set(iterable(1))
// each: new WeakSet(iterable({}))
// each: new WeakSet(iterable(main))
// each: Object.fromEntries(iterable([1, 2]))
// each: Iterator.from(endless()).forEach(() => 1)
// each: Iterator.from(endless()).some(() => false)
// each: Iterator.from(endless()).reduce(() => 1)
// each: Iterator.from(endless()).drop(Infinity).next()
// each: Iterator.from(endless()).filter(() => false).next()
// each: Iterator.from(endless()).flatMap(() => []).next()
// each: Iterator.from(endless()).find(() => false)
// each: Object.groupBy(iterable(1), () => Symbol.iterator) && 1
// each: Array.from(iterable(1), () => { for (;;); })
const endless = () => ({ next: () => ({ done: false, value: 1 }), [Symbol.iterator]() { return this; } });
const endless1 = () => ({ next: () => ({ done: false, value: 1 }) });
const iterable = (value) => ({ [Symbol.iterator]: () => ({ next: () => ({ done: false, value }) }) });
const main = () => $EACH;
export default main;
