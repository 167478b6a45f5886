// id: D02a
// fails: limit.cpu
// limit: cpu_ms=40
// never-logs: still here
export default () => {
  try { for (;;); } catch { console.log("still here"); } finally { console.log("still here"); for (;;); }
};
