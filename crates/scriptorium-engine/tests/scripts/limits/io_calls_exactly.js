// expect: ok 3
// limits: io=3
export default async () => { let n = 0; for (let i = 0; i < 3; i++) { await call('io.later', i); n++; } return n; }
