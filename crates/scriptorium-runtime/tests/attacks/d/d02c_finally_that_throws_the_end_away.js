// id: D02c
// fails: limit.cpu
// limit: cpu_ms=40
// never-logs: still here
export default () => { for (;;) { try { for (;;); } finally { console.log("still here"); continue; } } };
