// id: G01
// returns: "RangeError"
// each: const f = () => 1 + f(); f();
// each: const f = () => 1 + g(), g = () => 1 + f(); f();
// each: const o = { get x() { return this.x; } }; o.x;
// each: const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x;
// each: const o = { toString() { return `${this}`; } }; `${o}`;
// each: const o = { valueOf() { return +this; } }; +o;
// each: const o = { [Symbol.toPrimitive]() { return +this; } }; +o;
// each: const f = () => [2, 1].sort(f); f();
// each: const f = () => "x".replace("x", f); f();
// each: const f = () => JSON.parse("[1]", f); f();
// each: const o = { toJSON() { return JSON.stringify(o); } }; JSON.stringify(o);
// each: const o = { [Symbol.iterator]() { return [...this]; } }; [...o];
// each: class A { constructor() { new A(); } } new A();
// each: function* g() { yield* g(); } g().next();
// each: const o = { set x(v) { this.x = v; } }; o.x = 1;
// each: const f = (...a) => f(...a, 1); f();
// each: const f = () => [1].map(f); f();
// each: const f = () => Reflect.apply(f, null, []); f();
// each: const o = { has: (t, k) => k in p }, p = new Proxy({}, o); "x" in p;
// each: const f = () => new Map([[1, 1]]).forEach(f); f();
// each: const f = () => f`x`; f();
// each: const t = { [Symbol.hasInstance]: () => 1 instanceof t }; 1 instanceof t;
// each: const f = () => structuredClone({ get x() { return f(); } }); f();
export default () => {
  try { $EACH } catch (error) { return error.name; }
};
