// expect: limit.memory
// limits: cpu=5s memory=16MiB
export default () => Array.from({ length: 1e9 }).length
