// expect: limit.cpu
// limits: wall=30s cpu=60ms
export default async () => { for (;;) { for (let i = 0; i < 20000; i++); await call('later'); } }
