// success: [2,1.5]
// tenant: ["5","VALIDATION_ERROR key"]
// arguments: ["VALIDATION_ERROR key","VALIDATION_ERROR delta","VALIDATION_ERROR ttlSeconds","VALIDATION_ERROR key"]
const call = async () => {
  await storage.delete("ours");
  return [await storage.increment("ours", 2), await storage.increment("ours", -0.5)];
};
const wrong = [
  () => storage.increment(),
  () => storage.increment("ours", "1"),
  () => storage.increment("ours", 1, 0),
  () => storage.set("text", "x").then(() => storage.increment("text")),
];
const named = [async (name) => {
  const sum = await storage.increment(name, 5);
  await storage.delete(name);
  return sum;
}];
