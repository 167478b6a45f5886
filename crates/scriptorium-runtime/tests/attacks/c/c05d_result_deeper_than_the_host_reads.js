// id: C05d
// fails: script.bad_result
// message: 128
export default () => { let deep = 1; for (let i = 0; i < 200; i++) deep = [deep]; return deep; };
