// id: B04
// returns: "kept"
// leaves: [null,"undefined","undefined"]
// never-logs: late
async function main(input) {
  if (input === "look") return [await storage.get("b04"), typeof globalThis.kept, typeof globalThis.registry];
  const late = () => { console.log("late"); storage.set("b04", "late"); };
  globalThis.kept = new WeakRef(late);
  globalThis.registry = new FinalizationRegistry(late);
  globalThis.held = {};
  registry.register(held, 1);
  setTimeout(late, 5);
  const target = new EventTarget();
  target.addEventListener("x", late);
  AbortSignal.timeout(5).addEventListener("abort", late);
  services.demo.wait(5).then(late);
  (async function* () { try { yield; } finally { late(); } })().next();
  return "kept";
}
