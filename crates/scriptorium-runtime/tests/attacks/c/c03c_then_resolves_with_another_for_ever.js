// id: C03c
// fails: limit.cpu
// limit: cpu_ms=50
export default () => { const next = { then(resolve) { resolve({ then: next.then }); } }; return next; };
