// expect: ok 1000
// limits: memory=1MiB
export default () => Array.from({ length: 1000 }, (_, i) => ({ i })).length
