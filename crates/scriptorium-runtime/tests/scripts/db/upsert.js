// returns: [1,2,true,1,2,"d"]
async function main() {
  const first = await db.upsert("orders", { number: "u1", name: "d", total: 1 }, { on: ["number"] });
  const second = await db.upsert("orders", { number: "u1", name: "d", total: 2 }, { on: ["number"] });
  const changed = await db.update("orders", { number: "u1" }, { paid: null });
  const found = await db.findOne("orders", [{ field: "number", operator: "eq", value: "u1" }]);
  await db.delete("orders", { id: first.id });
  return [first.total, second.total, first.id === second.id, changed, found.total, found.name];
}
