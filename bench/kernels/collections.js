// A map and a set of 100,000 keys: filled, asked, emptied by half.
export default function () {
  const map = new Map();
  const set = new Set();
  for (let i = 0; i < 100_000; i++) {
    map.set(`key${i}`, i);
    set.add(i * 3);
  }
  let sum = 0;
  for (let i = 0; i < 200_000; i++) {
    sum += map.get(`key${i >> 1}`);
    if (set.has(i)) sum += 1;
  }
  for (let i = 0; i < 100_000; i += 2) {
    map.delete(`key${i}`);
    set.delete(i * 3);
  }
  for (const [, value] of map) sum += value;
  for (const value of set) sum += value;
  return sum;
}
