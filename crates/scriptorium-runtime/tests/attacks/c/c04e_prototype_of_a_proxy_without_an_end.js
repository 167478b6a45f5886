// id: C04e
// fails: limit.cpu
// limit: cpu_ms=50
export default () => { const proxy = new Proxy({}, { getPrototypeOf: () => proxy }); console.log(proxy); };
