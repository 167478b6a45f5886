// id: F07
// returns: 20
// limit: memory_bytes=8388608
export default () => {
  let rounds = 0;
  for (; rounds < 20; rounds++) {
    const all = [];
    for (let i = 0; i < 50; i++) all.push(new Uint8Array(100000).fill(rounds), { rounds });
  }
  return rounds;
};
