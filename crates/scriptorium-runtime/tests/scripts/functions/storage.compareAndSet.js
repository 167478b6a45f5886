// success: [true,false,2]
// tenant: ["VALIDATION_ERROR key","false"]
// arguments: ["VALIDATION_ERROR key","VALIDATION_ERROR expected","VALIDATION_ERROR value","VALIDATION_ERROR ttlSeconds"]
const before = () => storage.set("ours", 1);
const call = async () => {
  await storage.set("ours", 1);
  return [await storage.compareAndSet("ours", 1, 2), await storage.compareAndSet("ours", 1, 3), await storage.get("ours")];
};
const wrong = [
  () => storage.compareAndSet("", 1, 2),
  () => storage.compareAndSet("ours", "x".repeat(300_000), 2),
  () => storage.compareAndSet("ours", 1, "x".repeat(300_000)),
  () => storage.compareAndSet("ours", 1, 2, -1),
];
const named = [(name) => storage.compareAndSet(name, "CANARY-OF-OTHERS", "ours"), (name) => storage.compareAndSet(name, 7, "ours")];
