// success: {"name":"a"}
// tenant: ["NOT_FOUND table","VALIDATION_ERROR conditions","VALIDATION_ERROR table","null"]
// arguments: ["VALIDATION_ERROR table","NOT_FOUND table","VALIDATION_ERROR conditions","VALIDATION_ERROR options"]
const before = () => db.upsert("orders", { name: "a", number: "1" }, { on: ["number"] });
const call = () => db.findOne("orders", { number: "1" }, { select: ["name"] });
const wrong = [() => db.findOne(), () => db.findOne("salaries"), () => db.findOne("orders", "x"), () => db.findOne("orders", {}, 7)];
const named = [
  (name) => db.findOne("orders", { id: name }),
  (name) => db.findOne(name),
  (name) => db.findOne("orders", { $or: [{ number: name }, { name: { startsWith: name } }] }),
];
