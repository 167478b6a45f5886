// expect: ok 500
export default async () => { let n = 0; for (let i = 0; i < 500; i++) n += await call('later', 1); return n; }
