// expect: limit.cpu
// limits: cpu=150ms memory=64MiB
export default () => new Set([1]).union({ size: 1, has: () => true, keys: () => ({ next: () => ({ done: false, value: 1 }) }) }).size
