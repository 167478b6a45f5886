// success: [true,null]
// tenant: ["VALIDATION_ERROR key","false"]
// arguments: ["VALIDATION_ERROR key","VALIDATION_ERROR key"]
const call = async () => {
  await cache.set("ours", 1);
  return [await cache.delete(["ours", "nothing"]), await cache.get("ours")];
};
const wrong = [() => cache.delete(), () => cache.delete([1])];
const named = [(name) => cache.delete(name)];
