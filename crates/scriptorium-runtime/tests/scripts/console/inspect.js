// log: info { a: 1, b: 'x', c: [ 1, 2 ], d: null, e: undefined }
// log: info [ "it's" ]
// log: info Map(1) { 'a' => { b: 1 } } Set(2) { 1, 'x' }
// log: info 2026-03-01T00:00:00.000Z /a+/g 10n Symbol(s) -0 NaN
// log: info [Function: main] [class Point] [Function (anonymous)]
// log: info Point { x: 1, y: 2 }
// log: info { a: { b: { c: [Object] } } } [ [ [ [Array] ] ] ]
// log: info { self: [Circular] }
// log: info Uint8Array(3) [ 1, 2, 3 ]
// log: info [ 1, <empty item>, 3 ]
// log: info { get: [Getter], 'a-b': 2, [Symbol(k)]: 1 }
// log: info [Object: null prototype] { a: 1 }
// log: info {} [] {}
// log: info {\n  first: 'a long text that does not fit on a line',\n  second: 'another long text'\n}
class Point {
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }
}
function main() {
  console.log({ a: 1, b: "x", c: [1, 2], d: null, e: undefined });
  console.log(["it's"]);
  console.log(new Map([["a", { b: 1 }]]), new Set([1, "x"]));
  console.log(new Date("2026-03-01T00:00:00Z"), /a+/g, 10n, Symbol("s"), -0, NaN);
  console.log(main, Point, () => 1);
  console.log(new Point(1, 2));
  console.log({ a: { b: { c: { d: 1 } } } }, [[[[1]]]]);
  const self = {};
  self.self = self;
  console.log(self);
  console.log(new Uint8Array([1, 2, 3]));
  console.log([1, , 3]);
  console.log({ get get() { return 1; }, [Symbol("k")]: 1, "a-b": 2 });
  console.log(Object.assign(Object.create(null), { a: 1 }));
  console.log({}, [], Object.create({}));
  console.log({ first: "a long text that does not fit on a line", second: "another long text" });
}
