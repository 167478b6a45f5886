// id: C12a
// fails: script.threw
// each: null
// each: undefined
// each: Symbol("x")
// each: 1n
// each: new Proxy({}, {})
// each: new Proxy(new Error("x"), {})
// each: { get message() { throw 1; } }
// each: { message: Symbol() }
// each: { get stack() { throw 1; } }
// each: Object.assign(new Error("x"), { name: Symbol("n") })
// each: Object.assign(new Error("x"), { toString() { throw 1; } })
// each: new AggregateError([new AggregateError([])], "x")
// each: Object.create(Error.prototype)
// each: Object.create(null)
// each: () => 1
// each: new (class extends Error { get name() { throw 1; } })("x")
// each: (() => { const { proxy, revoke } = Proxy.revocable(new Error("x"), {}); revoke(); return proxy; })()
export default () => { throw $EACH; };
