// id: C12b
// fails: limit.cpu
// limit: cpu_ms=50
// each: { get message() { for (;;); } }
// each: { message: "x", get name() { for (;;); } }
// each: Object.defineProperty(new Error("x"), "message", { get() { for (;;); } })
// each: { toJSON() { for (;;); } }
// each: { toString() { for (;;); }, toJSON: 1n, x: 1n }
// each: Object.assign(new Error("x"), { details: { toJSON() { for (;;); } } })
// each: Object.assign(new Error("x"), { code: { [Symbol.toPrimitive]() { for (;;); }, toJSON() { for (;;); } } })
// each: new Proxy(new Error("x"), { get() { for (;;); } })
export default () => { throw $EACH; };
