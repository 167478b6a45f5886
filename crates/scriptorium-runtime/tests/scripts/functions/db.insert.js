// success: {"name":"a","total":3}
// tenant: ["\"ours\"","NOT_FOUND table","VALIDATION_ERROR table"]
// arguments: ["VALIDATION_ERROR table","UNAUTHORIZED_OPERATION table","VALIDATION_ERROR data","VALIDATION_ERROR data","VALIDATION_ERROR total"]
const call = async () => {
  const { name, total } = await db.insert("orders", { name: "a", total: 3 });
  return { name, total };
};
const wrong = [
  () => db.insert(7, {}),
  () => db.insert("products", { name: "a" }),
  () => db.insert("orders"),
  () => db.insert("orders", []),
  () => db.insert("orders", { name: "a", total: "many" }),
];
// PostgreSQL's keys have 2,600 bytes at most.
const cut = (name) => name.slice(0, 2_000);
const named = [
  (name) => db.insert("orders", { id: cut(name), number: cut(name), name: "ours" }).then((row) => row.name),
  (name) => db.insert(name, { name: "ours" }),
];
