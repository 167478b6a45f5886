// id: C08
// fails: limit.memory
// each: storage.set("k", long)
// each: storage.get(long)
// each: services.demo.echo(long)
// each: events.publish("a.b", long)
// each: console.log(long)
// each: utils.crypto.hash(long)
// each: utils.template.render(long)
// each: http.post("http://127.0.0.1/", long)
// each: structuredClone(long).at(-1) + long
// each: new URL(long)
// each: new TextEncoder().encode(long)
// each: btoa(long)
async function main() {
  const long = "x".repeat(2 ** 29);
  await $EACH;
}
