// id: E02
// returns: "RangeError"
// each: map.call(like, () => 1)
// each: toSorted.call(like)
// each: toReversed.call(like)
// each: toSpliced.call(like, 0, 0)
// each: with_.call(like, 0, 1)
const { map, toSorted, toReversed, toSpliced, with: with_ } = Array.prototype;
const like = { length: 2 ** 53 - 1 };
export default () => { try { $EACH; return "ended"; } catch (error) { return error.name; } };
