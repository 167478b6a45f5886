// success: [true,false]
// tenant: ["VALIDATION_ERROR key","false"]
// arguments: ["VALIDATION_ERROR key","VALIDATION_ERROR key"]
const before = () => cache.set("ours", 1);
const call = async () => [await cache.exists("ours"), await cache.exists("nothing")];
const wrong = [() => cache.exists(), () => cache.exists(7)];
const named = [(name) => cache.exists(name)];
