// expect: limit.memory
// limits: cpu=5s memory=16MiB
export default () => new Array(1e9).fill(0).length
