// id: A14b
// returns: "over"
// leaves: null
// never-logs: late
async function main(input) {
  if (input === "look") return storage.get("a14b");
  const registry = new FinalizationRegistry(() => { console.log("late"); storage.set("a14b", "late"); });
  globalThis.kept = registry;
  globalThis.held = {};
  registry.register(held, 1);
  return "over";
}
