// success: [{"name":"a"}]
// tenant: ["NOT_FOUND table","VALIDATION_ERROR conditions","VALIDATION_ERROR table","[]"]
// arguments: ["VALIDATION_ERROR table","VALIDATION_ERROR conditions","VALIDATION_ERROR nothing","VALIDATION_ERROR options.limit","VALIDATION_ERROR options"]
const before = () => db.upsert("orders", { name: "a", number: "1" }, { on: ["number"] });
const call = () => db.findMany("orders", { number: "1" }, { select: ["name"], limit: 5 });
const wrong = [
  () => db.findMany(7),
  () => db.findMany("orders", "x"),
  () => db.findMany("orders", { nothing: 1 }),
  () => db.findMany("orders", {}, { limit: 5000 }),
  () => db.findMany("orders", {}, 7),
];
const named = [
  (name) => db.findMany("orders", { id: name }),
  (name) => db.findMany(name),
  () => db.findMany("orders"),
  (name) => db.findMany("orders", { name: { like: name } }),
];
