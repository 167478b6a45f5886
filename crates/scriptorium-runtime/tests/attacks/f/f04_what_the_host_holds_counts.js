// id: F04
// fails: limit.memory
// limit: memory_bytes=4194304
// limit: api_calls=10000
// limit: service_calls=10000
// each: for (;;) services.demo.wait(60000, large);
// each: for (;;) storage.set(`k${n++}`, large);
// each: for (;;) events.publish("order.created", `${large}${n++}`);
// each: for (;;) http.post("http://127.0.0.1:9/", large).catch(() => 0);
// each: for (;;) utils.template.render(`{{ a }}`, { a: large });
// each: const all = []; for (;;) all.push((await services.demo.echo(large)).args);
// each: const all = []; for (;;) all.push(utils.crypto.randomBytes(65536));
// each: await services.demo.echo(Array(5000000));
let n = 0;
export default async () => { const large = "x".repeat(200000); $EACH };
