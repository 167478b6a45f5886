// success: 1
// tenant: ["0","NOT_FOUND table","VALIDATION_ERROR conditions","VALIDATION_ERROR table"]
// arguments: ["VALIDATION_ERROR table","NOT_FOUND table","VALIDATION_ERROR conditions"]
const before = () => db.upsert("orders", { name: "a", number: "1" }, { on: ["number"] });
const call = () => db.count("orders", { number: "1" });
const wrong = [() => db.count(), () => db.count("nothing"), () => db.count("orders", "x")];
const named = [(name) => db.count("orders", { id: name }), (name) => db.count(name), () => db.count("orders")];
