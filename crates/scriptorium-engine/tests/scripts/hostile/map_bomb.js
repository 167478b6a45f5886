// expect: limit.memory
// limits: cpu=5s memory=16MiB
export default () => { const all = new Map(); for (let i = 0; ; i++) all.set(i, { i }); }
