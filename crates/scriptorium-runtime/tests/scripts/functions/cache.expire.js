// success: [true,false]
// tenant: ["VALIDATION_ERROR key","false"]
// arguments: ["VALIDATION_ERROR key","VALIDATION_ERROR ttlSeconds"]
const before = () => cache.set("ours", 1);
const call = async () => [await cache.expire("ours", 60), await cache.expire("nothing")];
const wrong = [() => cache.expire(), () => cache.expire("ours", -1)];
const named = [(name) => cache.expire(name, 1)];
