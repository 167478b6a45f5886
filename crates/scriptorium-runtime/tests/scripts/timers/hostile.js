// returns: [1,2,3]
async function main() {
  const seen = [];
  const push = Array.prototype.push.bind(seen);
  Map.prototype.set = Map.prototype.delete = Map.prototype.has = () => { throw new Error("stolen"); };
  Math.floor = Date.now = performance.constructor.now = () => { throw new Error("stolen"); };
  Object.defineProperty(Object.prototype, "due", { set() { throw new Error("stolen"); } });
  Array.prototype[Symbol.iterator] = () => { throw new Error("stolen"); };
  Function.prototype.apply = Function.prototype.call = Reflect.apply = () => { throw new Error("stolen"); };
  let rude = { valueOf: () => { clearTimeout(1); setTimeout(() => push(2), 2); return 4; } };
  setTimeout(() => push(1), 1);
  const first = setTimeout(() => push(1), 1);
  await new Promise((done) => setTimeout(() => { push(3); done(); }, rude));
  return [seen[0], seen[1], seen[2]];
}
