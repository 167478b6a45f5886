// id: L14
// returns: true
// 807f271: with a seed of its own, a table cannot be filled with colliding names that were found elsewhere.
export default () => {
  const all = {};
  for (let i = 0; i < 20000; i++) all[`${i * 65536}`] = all[`k${i * 4096}`] = i;
  return Object.keys(all).length === 40000;
};
