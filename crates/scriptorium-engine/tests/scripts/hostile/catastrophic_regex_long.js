// expect: limit.cpu
// limits: cpu=150ms memory=64MiB
export default () => /(?:x+x+)+y/.test('x'.repeat(100_000))
