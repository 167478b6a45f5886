// id: C05c
// fails: limit.stack
export default () => { let deep = 1; for (let i = 0; i < 100000; i++) deep = { deep }; return deep; };
