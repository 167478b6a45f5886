// id: D02d
// fails: limit.cpu
// limit: cpu_ms=40
// never-logs: still here
export default async () => {
  async function* numbers() { try { yield 1; } finally { for (;;); } }
  try { for await (const number of numbers()) break; } finally { console.log("still here"); }
};
