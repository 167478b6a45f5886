// id: C12e
// fails: script.threw
// message: xxxx
export default () => { throw Object.assign(new Error("x".repeat(4 << 20)), { details: "y".repeat(1 << 20), code: "z".repeat(1 << 20) }); };
