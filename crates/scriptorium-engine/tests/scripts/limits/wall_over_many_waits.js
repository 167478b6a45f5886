// expect: limit.wall
// limits: wall=60ms cpu=10s
export default async () => { for (;;) await call('later'); }
