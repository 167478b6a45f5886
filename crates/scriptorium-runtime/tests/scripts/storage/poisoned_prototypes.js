// returns: {"a":1}
async function main() {
  Object.prototype.toJSON = undefined;
  Array.prototype[Symbol.iterator] = () => { throw new Error("stolen"); };
  Array.prototype.map = () => { throw new Error("stolen"); };
  Promise.prototype.then = () => { throw new Error("stolen"); };
  JSON.stringify = () => "stolen";
  JSON.parse = () => "stolen";
  Object.freeze = () => "stolen";
  await storage.set("poisoned", { a: 1 });
  return await storage.get("poisoned");
}
