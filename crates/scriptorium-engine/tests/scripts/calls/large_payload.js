// expect: ok 300000
export default async () => (await call('later', 'x'.repeat(300_000))).length
