// id: D02b
// fails: limit.cpu
// limit: cpu_ms=40
// never-logs: still here
export default () => {
  function* numbers() { try { yield 1; } finally { for (;;); } }
  try { for (const number of numbers()) break; } finally { console.log("still here"); }
};
