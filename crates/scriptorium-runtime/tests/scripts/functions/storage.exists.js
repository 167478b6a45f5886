// success: [true,false]
// tenant: ["VALIDATION_ERROR key","false"]
// arguments: ["VALIDATION_ERROR key","VALIDATION_ERROR key"]
const before = () => storage.set("ours", null);
const call = async () => [await storage.exists("ours"), await storage.exists("nothing")];
const wrong = [() => storage.exists(), () => storage.exists({})];
const named = [(name) => storage.exists(name)];
