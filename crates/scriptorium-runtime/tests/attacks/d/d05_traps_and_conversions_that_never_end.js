// id: D05
// fails: limit.cpu
// limit: cpu_ms=40
// each: new Proxy({}, { get(t, k, r) { for (;;); } }).x
// each: new Proxy({}, { has() { for (;;); } }) && "x" in new Proxy({}, { has() { for (;;); } })
// each: `${{ [Symbol.toPrimitive]() { for (;;); } }}`
// each: +{ valueOf() { for (;;); } }
// each: ({ get x() { for (;;); } }).x
// each: Object.keys(new Proxy({}, { ownKeys() { for (;;); } }))
// each: ({}) instanceof { [Symbol.hasInstance]() { for (;;); } }
// each: [..."x"].sort.call([1, 2], () => { for (;;); })
// each: Reflect.construct(new Proxy(class {}, { construct() { for (;;); } }), [])
// each: Object.setPrototypeOf({}, new Proxy({}, { get() { for (;;); } })).x
// each: JSON.parse("[1]", () => { for (;;); })
// each: "x".replace("x", () => { for (;;); })
// each: (class { static x = (() => { for (;;); })() })
// each: [1].flatMap(() => { for (;;); })
// each: new Date({ [Symbol.toPrimitive]() { for (;;); } })
export default () => { $EACH; };
