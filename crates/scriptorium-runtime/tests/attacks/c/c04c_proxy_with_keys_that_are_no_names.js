// id: C04c
// fails: script.bad_result
// message: TypeError
export default () => new Proxy({}, { ownKeys: () => [1, {}] });
