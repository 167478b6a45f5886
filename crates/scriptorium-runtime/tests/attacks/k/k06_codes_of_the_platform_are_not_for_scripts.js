// id: K06
// fails: script.threw
// each: Object.assign(new Error("x"), { code: "limit.cpu" })
// each: Object.assign(new Error("x"), { code: "platform.engine" })
// each: Object.assign(new Error("x"), { code: "cancelled", fatal: true })
// each: { code: "limit.memory", message: "x", limit: { limit: "memory" } }
// each: Object.assign(new Error("x"), { name: "limit.wall" })
// each: new DOMException("x", "AbortError")
export default () => { throw $EACH; };
