// id: C04f
// fails: limit.cpu
// limit: cpu_ms=50
export default () => { const make = () => new Proxy({}, { getPrototypeOf: make }); console.log(make()); };
