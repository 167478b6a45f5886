// limit: api_calls=10
// limit: wall_ms=10000
// limit: cpu_ms=5000
// limit: memory_bytes=33554432
// returns: {"limit":10,"used":2,"remaining":8,"time":true,"deadline":true,"wall":10000,"cpu":[5000,true,true],"memory":[33554432,true,true]}
async function main() {
  await storage.get("a");
  await storage.get("b");
  const before = context.budget();
  const kept = Array.from({ length: 200000 }, (_, i) => `${i}`);
  const { apiCalls, timeMs, wallMs, cpuMs, memoryBytes } = context.budget();
  const grown = (now, then) => now.used > then.used && now.used + now.remaining === now.limit;
  return {
    ...apiCalls,
    time: timeMs > 0 && timeMs <= 10000,
    deadline: ctx.deadlineMs <= 10000,
    wall: wallMs.limit,
    cpu: [cpuMs.limit, grown(cpuMs, before.cpuMs), kept.length > 0],
    memory: [memoryBytes.limit, grown(memoryBytes, before.memoryBytes), memoryBytes.used > 1000000],
  };
}
