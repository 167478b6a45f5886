// returns: [3,{"a":[1],"b":[2]},"b",[2,1]]
async function main() {
  const grouped = Object.groupBy([1, 2], (n) => (n === 1 ? "a" : "b"));
  return [await Promise.any([Promise.reject(1), Promise.resolve(3)]), grouped, ["a", "b"].at(-1), [1, 2].toReversed()];
}
