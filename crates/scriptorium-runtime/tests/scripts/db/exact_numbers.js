// returns: ["9007199254740993",7,"number"]
async function main() {
  const { id } = await db.insert("orders", { name: "big", total: "9007199254740993" });
  const { total } = await db.findOne("orders", { total: "9007199254740993" });
  await db.update("orders", { id }, { total: 7 });
  const small = (await db.findOne("orders", { id })).total;
  await db.delete("orders", { id });
  return [total, small, typeof small];
}
