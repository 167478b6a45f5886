// success: 1
// tenant: ["0","NOT_FOUND table","VALIDATION_ERROR conditions","VALIDATION_ERROR table"]
// arguments: ["VALIDATION_ERROR table","UNAUTHORIZED_OPERATION table","VALIDATION_ERROR conditions","VALIDATION_ERROR conditions"]
const before = () => db.upsert("orders", { name: "a", number: "1" }, { on: ["number"] });
const call = () => db.delete("orders", { number: "1" });
const wrong = [() => db.delete(), () => db.delete("products", { id: "x" }), () => db.delete("orders", {}), () => db.delete("orders", "x")];
const named = [
  (name) => db.delete("orders", { id: name }),
  (name) => db.delete(name, { id: { isNull: false } }),
  () => db.delete("orders", { name: { isNull: false } }),
];
