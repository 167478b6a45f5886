// success: [true,null]
// tenant: ["VALIDATION_ERROR key","false"]
// arguments: ["VALIDATION_ERROR key","VALIDATION_ERROR key","VALIDATION_ERROR key","VALIDATION_ERROR key"]
const before = () => storage.set("ours", 1);
const call = async () => [await storage.delete(["ours", "nothing"]), await storage.get("ours")];
const wrong = [() => storage.delete(), () => storage.delete({}), () => storage.delete(["a", 7]), () => storage.delete("a\u0000")];
const named = [(name) => storage.delete(name), (name) => storage.delete([name, `${name}2`])];
