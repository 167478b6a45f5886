// id: A12
// returns: [0,7]
// They use no `this`, so that none can be wrong: each does what it always does, in the script's own tenant.
async function main() {
  await storage.set("a12", "own");
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  let wrong = 0;
  const odd = [1, "x", null, proxy, new Proxy({}, {}), Object.create(http), new Date(0)];
  for (const self of odd) {
    if ((await Reflect.apply(storage.get, self, ["a12"])) !== "own") wrong++;
    if (typeof Reflect.apply(utils.uuid, self, []) !== "string") wrong++;
    if ((await Reflect.apply(services.demo.echo, self, [1])).args[0] !== 1) wrong++;
  }
  return [wrong, odd.length];
}
