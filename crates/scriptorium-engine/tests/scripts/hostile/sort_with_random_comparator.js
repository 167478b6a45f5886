// expect: limit.cpu
// limits: cpu=150ms memory=64MiB
export default () => Array.from({ length: 200_000 }, () => Math.random()).sort(() => Math.random() - 0.5).length
