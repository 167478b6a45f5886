// success: 1
// tenant: ["0","NOT_FOUND table","VALIDATION_ERROR conditions","VALIDATION_ERROR table"]
// arguments: ["NOT_FOUND table","VALIDATION_ERROR table","VALIDATION_ERROR conditions","VALIDATION_ERROR data","VALIDATION_ERROR data"]
const before = () => db.upsert("orders", { name: "a", number: "1" }, { on: ["number"] });
const call = () => db.update("orders", { number: "1" }, { total: 2 });
const wrong = [
  () => db.update("salaries", { id: "x" }, { name: "x" }),
  () => db.update(),
  () => db.update("orders", {}, { total: 1 }),
  () => db.update("orders", { name: "x" }),
  () => db.update("orders", { name: "x" }, {}),
];
const named = [
  (name) => db.update("orders", { id: name }, { name: "ours" }),
  (name) => db.update(name, { name: { isNull: false } }, { name: "ours" }),
  () => db.update("orders", { name: { isNull: false } }, { name: "ours" }),
];
