// expect: limit.memory
// limits: cpu=5s memory=64MiB
export default () => { let a = [1]; for (;;) a = a.concat(a); }
