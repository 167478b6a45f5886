// expect: limit.memory
// limits: memory=4MiB
// hit: memory 4194304
export default () => { const all = []; for (;;) all.push(new Uint8Array(100_000)); }
