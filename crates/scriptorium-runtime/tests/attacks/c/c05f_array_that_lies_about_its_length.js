// id: C05f
// fails: limit.memory
// limit: memory_bytes=8388608
export default () => new Proxy([], { get: (target, key) => (key === "length" ? 2 ** 53 - 1 : target[key]) });
