// id: H14
// fails: limit.cpu
// limit: cpu_ms=40
// never-logs: late
export default () => { try { using loops = { [Symbol.dispose]() { for (;;); } }; return 1; } finally { console.log("late"); } };
