// id: E01
// fails: limit.cpu
// limit: cpu_ms=40
// Loops in native code that the engine's own interrupt does not reach.
// each: fill.call(like, 1, 5, 2 ** 53 - 1)
// each: join.call(like)
// each: reverse.call(like)
// each: copyWithin.call(like, 0, 3)
// each: splice.call(like, 0, 1)
// each: unshift.call({ length: 2 ** 53 - 3 }, 1)
// each: includes.call(like, 1)
// each: indexOf.call(like, 1)
// each: lastIndexOf.call(like, 1)
// each: every.call(like, () => true)
// each: some.call(like, () => false)
// each: forEach.call(like, () => 1)
// each: reduce.call(like, () => 1)
// each: reduceRight.call(like, () => 1, 0)
// each: find.call(like, () => false)
// each: findLast.call(like, () => false)
// each: findLastIndex.call(like, () => false)
// each: filter.call(like, () => false)
// each: flat.call(like)
// each: flatMap.call(like, () => [])
// each: shift.call(like)
// each: toLocaleString.call(like)
// each: slice.call({ length: 2 ** 53 - 1, constructor: undefined }, 0, 2 ** 32 - 1)
const { fill, join, reverse, copyWithin, splice, unshift, includes, indexOf, lastIndexOf, every, some, forEach, reduce, reduceRight, find, findLast,
  findLastIndex, filter, flat, flatMap, shift, toLocaleString, slice } = Array.prototype;
const like = { length: 2 ** 53 - 1 };
export default () => $EACH;
