// expect: ok 200000
// limits: memory=4MiB
export default () => {
  let n = 0;
  for (let i = 0; i < 200_000; i++) { const a = { n: 1 }, b = { a }; a.b = b; n += b.a.n; }
  return n;
}
