// id: O09
// fails: limit.wall
// limit: wall_ms=80
// limit: service_calls=100000
// each: for (;;) await services.demo.wait(1);
// each: await Promise.all([1, 2, 3].map(async () => { for (;;) await services.demo.wait(1); }));
// each: for (;;) await new Promise((settled) => setTimeout(settled, 1));
// each: await Promise.race([services.demo.wait(60000), new Promise(() => {})]);
export default async () => { $EACH };
