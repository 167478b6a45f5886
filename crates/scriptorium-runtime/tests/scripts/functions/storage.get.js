// success: {"n":1}
// tenant: ["VALIDATION_ERROR key","null"]
// arguments: ["VALIDATION_ERROR key","VALIDATION_ERROR key","VALIDATION_ERROR key","VALIDATION_ERROR key"]
const before = () => storage.set("ours", { n: 1 });
const call = () => storage.get("ours");
const wrong = [() => storage.get(), () => storage.get(7), () => storage.get(""), () => storage.get("x".repeat(600))];
const named = [(name) => storage.get(name)];
