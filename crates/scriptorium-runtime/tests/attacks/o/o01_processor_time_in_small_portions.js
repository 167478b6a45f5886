// id: O01
// fails: limit.cpu
// limit: cpu_ms=60
// limit: service_calls=100000
// never-logs: still here
// each: for (;;) { spin(); await null; }
// each: for (;;) { spin(); await services.demo.echo(); }
// each: for (;;) { spin(); await new Promise((settled) => setTimeout(settled, 0)); }
// each: for (;;) { spin(); await Promise.all([services.demo.echo(), services.demo.echo()]); }
// each: const again = () => { spin(); setTimeout(again, 0); }; again(); await new Promise(() => {});
// each: for await (const x of (async function* () { for (;;) { spin(); yield 1; } })()) ;
const spin = () => { for (let i = 0; i < 20000; i++); };
export default async () => { try { $EACH } finally { console.log("still here"); } };
