// expect: limit.cpu
// limits: cpu=150ms memory=64MiB
export default () => ({ get then() { for (;;); } })
