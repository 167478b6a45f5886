// success: [2,1.5]
// tenant: ["5","VALIDATION_ERROR key"]
// arguments: ["VALIDATION_ERROR key","VALIDATION_ERROR delta","VALIDATION_ERROR ttlSeconds","VALIDATION_ERROR key"]
const call = async () => {
  await cache.delete("ours");
  return [await cache.increment("ours", 2), await cache.increment("ours", -0.5)];
};
const wrong = [
  () => cache.increment(),
  () => cache.increment("ours", "1"),
  () => cache.increment("ours", 1, 0),
  () => cache.set("text", "x").then(() => cache.increment("text")),
];
const named = [async (name) => {
  const sum = await cache.increment(name, 5);
  await cache.delete(name);
  return sum;
}];
