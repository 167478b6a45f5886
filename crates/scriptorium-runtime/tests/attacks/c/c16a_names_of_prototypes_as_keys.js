// id: C16a
// returns: {"own":["__proto__"],"polluted":"undefined","args":{"__proto__":{"admin":true}},"stored":["__proto__"]}
async function main() {
  const odd = JSON.parse('{"__proto__":{"admin":true}}');
  const { args } = await services.demo.echo(odd);
  await storage.set("c16", odd);
  return { own: Object.getOwnPropertyNames(args[0]), polluted: typeof {}.admin, args: args[0], stored: Object.getOwnPropertyNames(await storage.get("c16")) };
}
