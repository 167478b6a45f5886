// success: [true,{"n":1}]
// tenant: ["VALIDATION_ERROR key","true"]
// arguments: ["VALIDATION_ERROR key","VALIDATION_ERROR value","VALIDATION_ERROR -","VALIDATION_ERROR ttlSeconds"]
const call = async () => [await storage.set("ours", { n: 1 }, 60), await storage.get("ours")];
const wrong = [
  () => storage.set("", 1),
  () => storage.set("ours", "x".repeat(300_000)),
  () => storage.set("ours", 10n),
  () => storage.set("ours", 1, 0),
];
const named = [(name) => storage.set(name, "ours")];
