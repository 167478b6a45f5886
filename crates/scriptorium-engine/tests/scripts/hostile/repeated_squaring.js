// expect: limit.cpu
// limits: cpu=150ms memory=64MiB
export default () => { let n = 3n; for (;;) n = (n * n) % (2n ** 200_000n); }
