// id: A11
// returns: [["TypeError","TypeError"],["TypeError","TypeError"],"TypeError",0]
function main() {
  const read = (object, key) => { try { return object[key] ?? null; } catch (error) { return error.name; } };
  const callee = (function () { return read(arguments, "callee"); })();
  let seen = 0;
  services.demo.echo({ toJSON() { if (main.caller ?? main.toJSON) seen++; } }).catch(() => 0);
  return [[read(storage.get, "caller"), read(storage.get, "arguments")], [read(main, "caller"), read(console.log, "caller")], callee, seen];
}
