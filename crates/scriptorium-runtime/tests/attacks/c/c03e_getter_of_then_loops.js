// id: C03e
// fails: limit.cpu
// limit: cpu_ms=50
// never-logs: still here
export default () => { const made = Promise.resolve({ get then() { for (;;); } }); return made; };
