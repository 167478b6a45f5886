// id: A02
// returns: [10,0]
const name = ["con", "structor"].join("");
const { getPrototypeOf } = Object;
function main() {
  const of = (value) => getPrototypeOf(value)[name];
  const ways = [
    () => of(function () {})("return this")(),
    () => of(function* () {})("yield this")().next().value,
    () => of(async function () {})("return this")(),
    () => of(async function* () {})("yield this")().next(),
    () => Reflect.construct(of(() => 1), ["return this"], Object)(),
    () => Reflect.apply(of(storage.get), undefined, ["return this"])(),
    () => of(class {}).bind(undefined, "return this")()(),
    () => of(() => 1)`return this`(),
    () => new (class extends of(() => 1) {})("return this")(),
    () => Object.prototype.__lookupGetter__(["__", "proto__"].join("")).call(storage.get)[name]("return this")(),
  ];
  let compiled = 0;
  for (const way of ways) {
    try { way(); compiled++; } catch {}
  }
  return [ways.length, compiled];
}
