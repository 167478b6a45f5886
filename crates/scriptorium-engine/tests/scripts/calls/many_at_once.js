// expect: ok 124750
export default async () => (await Promise.all(Array.from({ length: 500 }, (_, i) => call('later', i)))).reduce((a, b) => a + b)
