// success: {"n":1}
// tenant: ["VALIDATION_ERROR key","null"]
// arguments: ["VALIDATION_ERROR key","VALIDATION_ERROR key","VALIDATION_ERROR key"]
const before = () => cache.set("ours", { n: 1 });
const call = () => cache.get("ours");
const wrong = [() => cache.get(), () => cache.get(""), () => cache.get(7)];
const named = [(name) => cache.get(name)];
