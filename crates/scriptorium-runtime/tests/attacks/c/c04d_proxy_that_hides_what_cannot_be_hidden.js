// id: C04d
// fails: script.bad_result
// message: TypeError
export default () => { const fixed = Object.freeze({ a: 1 }); return new Proxy(fixed, { ownKeys: () => [], get: () => 2 }); };
