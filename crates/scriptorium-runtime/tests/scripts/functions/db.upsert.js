// success: {"name":"a","total":2}
// tenant: ["\"ours\"","NOT_FOUND table","VALIDATION_ERROR table"]
// arguments: ["VALIDATION_ERROR table","UNAUTHORIZED_OPERATION table","VALIDATION_ERROR data","VALIDATION_ERROR options.on","VALIDATION_ERROR options"]
const before = () => db.upsert("orders", { name: "a", number: "1", total: 1 }, { on: ["number"] });
const call = async () => {
  const { name, total } = await db.upsert("orders", { number: "1", name: "a", total: 2 }, { on: ["number"] });
  return { name, total };
};
const wrong = [
  () => db.upsert(),
  () => db.upsert("products", { id: "x" }),
  () => db.upsert("orders"),
  () => db.upsert("orders", { name: "x" }, { on: ["name"] }),
  () => db.upsert("orders", { name: "x" }, 7),
];
// PostgreSQL's keys have 2,600 bytes at most.
const cut = (name) => name.slice(0, 2_000);
const named = [(name) => db.upsert("orders", { id: cut(name), name: "ours" }).then((row) => row.name), (name) => db.upsert(name, { id: "x" })];
