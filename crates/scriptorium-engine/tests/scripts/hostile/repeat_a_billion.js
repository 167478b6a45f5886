// expect: limit.memory
// limits: cpu=150ms memory=64MiB
export default () => 'x'.repeat(1e9).length
