// success: [true,"x"]
// tenant: ["VALIDATION_ERROR key","true"]
// arguments: ["VALIDATION_ERROR key","VALIDATION_ERROR value","VALIDATION_ERROR ttlSeconds"]
const call = async () => [await cache.set("ours", "x", 60), await cache.get("ours")];
const wrong = [() => cache.set("", 1), () => cache.set("ours", "x".repeat(70_000)), () => cache.set("ours", 1, 0)];
const named = [(name) => cache.set(name, "ours")];
