// expect: limit.api_calls
// limits: io=3
// hit: io_calls 3
// marks: 3
export default async () => { for (let i = 0; i < 9; i++) { await call('io.echo', i); callSync('mark', i); } }
