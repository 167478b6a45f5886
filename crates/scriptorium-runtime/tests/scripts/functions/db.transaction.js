// ends: limit.api_calls
// success: 1
// tenant: ["0","VALIDATION_ERROR conditions","null"]
// arguments: ["VALIDATION_ERROR work","VALIDATION_ERROR work","VALIDATION_ERROR work"]
const call = () => db.transaction(async (tx) => {
  await tx.delete("orders", { number: "1" });
  await tx.insert("orders", { name: "a", number: "1" });
  return tx.count("orders", { number: "1" });
});
const wrong = [() => db.transaction(), () => db.transaction("x"), () => db.transaction({})];
const named = [
  (name) => db.transaction((tx) => tx.findOne("orders", { id: name })),
  () => db.transaction((tx) => tx.update("orders", { name: { isNull: false } }, { name: "ours" })),
];
