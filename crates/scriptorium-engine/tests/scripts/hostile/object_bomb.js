// expect: limit.memory
// limits: cpu=5s memory=16MiB
export default () => { const all = []; for (let i = 0; ; i++) all.push({ i, next: { i } }); }
