// expect: ok 3500
// limits: memory=8MiB
// Seven MiB at once, and again after they were freed: the heap merges what is free.
export default () => {
  let sum = 0;
  for (let round = 0; round < 50; round++) {
    const parts = Array.from({ length: 70 }, () => new Uint8Array(100 * 1024));
    sum += parts.length;
  }
  return sum;
};
