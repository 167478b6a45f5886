// expect: ok 3
export default () => {
  const result = { n: 0, toJSON() { return this.n } };
  (async () => { for (let i = 0; i < 3; i++) { await null; result.n++; } })();
  return result;
}
