// id: C04b
// fails: script.bad_result
// message: TypeError
export default () => new Proxy({}, { ownKeys: () => ["a", "a"] });
