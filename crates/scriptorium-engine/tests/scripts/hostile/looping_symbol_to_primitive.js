// expect: limit.cpu
// limits: cpu=150ms memory=64MiB
export default () => { throw { [Symbol.toPrimitive]() { for (;;); }, toJSON: 1n } }
