// expect: limit.memory
// limits: cpu=5s memory=32MiB
export default () => 'x'.repeat(1e7).split('').map((c) => c + c).join('').length
