// expect: limit.memory
// limits: cpu=150ms memory=64MiB
export default () => new Uint8Array(1e9).length
