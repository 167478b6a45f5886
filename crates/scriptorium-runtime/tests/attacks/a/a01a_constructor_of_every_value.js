// id: A01a
// returns: [true,0,["TypeError: eval is not supported"]]
const name = ["con", "structor"].join("");
async function main(input, ctx) {
  const values = [globalThis, main, ctx, sdk, context, context.tenant, storage, storage.get, events, events.publish, http, http.get, utils,
    utils.uuid, utils.date.now(), utils.crypto.randomBytes(1), services, services.demo, services.demo.echo, console, console.log,
    ctx.logger, ctx.logger.with({}), storage.get("x"), services.demo.echo(), setTimeout, structuredClone, new URL("http://a/"),
    new AbortController().signal, new TextEncoder(), crypto, crypto.subtle, performance, await services.demo.echo([{}]), new DOMException("x")];
  const failing = [() => services.demo.refuse(), () => services.demo.explode(), () => services.demo.secret(Symbol()), () => storage.get(""),
    () => storage.set("k", 1n), () => http.get("http://127.0.0.1/"), () => utils.date.parse("never"), () => events.publish("No"), () => utils.template.render("{{ ")];
  for (const fail of failing) {
    try { await fail(); } catch (error) { values.push(error, error.details, error.code); }
  }
  const messages = new Set();
  let compiled = 0, tried = 0;
  for (const value of values) {
    for (const way of [(v) => v?.[name]?.[name], (v) => v?.[name], (v) => Reflect.get(Object(v), name)]) {
      const make = way(value);
      if (typeof make !== "function" || make === Object) continue;
      if (Object.getPrototypeOf(make) !== Function.prototype || make.name !== "Function") continue;
      tried++;
      try { make("return this")(); compiled++; } catch (error) { messages.add(String(error)); }
    }
  }
  return [tried > 20, compiled, [...messages]];
}
