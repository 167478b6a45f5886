// id: C04g
// returns: [["TypeError","TypeError","TypeError",25,"TypeError"],"[Object]"]
// log: info [Object]
async function main() {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const calls = [() => storage.set("k", proxy), () => services.demo.echo(proxy), () => http.get("http://127.0.0.1/", proxy), () => structuredClone(proxy), () => events.publish("a.b", proxy)];
  const names = [];
  for (const call of calls) { try { await call(); names.push("allowed"); } catch (error) { names.push(error.code || error.name); } }
  console.log(proxy);
  return [names, "[Object]"];
}
