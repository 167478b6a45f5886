// expect: limit.memory
// limits: cpu=5s memory=32MiB
export default () => 'x'.padStart(2e7, 'ab').split('').reverse().join('').length
