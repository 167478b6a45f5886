// expect: limit.api_calls
// limits: io=1 service=2
// hit: service_calls 2
export default async () => { await call('io.echo'); for (;;) await call('service.later', 1); }
