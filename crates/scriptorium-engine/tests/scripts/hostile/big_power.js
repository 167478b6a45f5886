// expect: script.threw RangeError
// limits: cpu=150ms memory=64MiB
export default () => 2n ** 10_000_000_000n
