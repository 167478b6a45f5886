// success: [true,false]
// tenant: ["VALIDATION_ERROR key","false"]
// arguments: ["VALIDATION_ERROR key","VALIDATION_ERROR ttlSeconds","VALIDATION_ERROR ttlSeconds"]
const before = () => storage.set("ours", 1);
const call = async () => [await storage.expire("ours", 60), await storage.expire("nothing", 60)];
const wrong = [() => storage.expire(), () => storage.expire("ours", "60"), () => storage.expire("ours", 1.5)];
const named = [(name) => storage.expire(name, 1)];
