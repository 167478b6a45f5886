// expect: limit.stack
// limits: cpu=5s memory=64MiB
export default () => { let a = []; for (let i = 0; i < 100_000; i++) a = [a]; try { return JSON.stringify(a).length } catch (e) { return e.name } }
