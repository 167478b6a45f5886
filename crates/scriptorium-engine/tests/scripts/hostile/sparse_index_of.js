// expect: limit.cpu
// limits: cpu=150ms memory=64MiB
export default () => Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)
