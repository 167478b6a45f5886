// expect: limit.cpu
// limits: cpu=150ms memory=64MiB
export default () => /(a+)+$/.test('a'.repeat(40) + 'b')
