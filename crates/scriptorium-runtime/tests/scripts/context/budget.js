// limit: api_calls=10
// limit: wall_ms=10000
// returns: {"limit":10,"used":2,"remaining":8,"time":true,"deadline":true}
async function main() {
  await storage.get("a");
  await storage.get("b");
  const { apiCalls, timeMs } = context.budget();
  return { ...apiCalls, time: timeMs > 0 && timeMs <= 10000, deadline: ctx.deadlineMs <= 10000 };
}
