// permissions: db.read ledger.read
// returns: [[],"PERMISSION_DENIED db.write","PERMISSION_DENIED db.write","PERMISSION_DENIED db.write","PERMISSION_DENIED db.write","PERMISSION_DENIED db.write",0,["ledger false","orders false","prices false","products false"]]
async function main() {
  const refusal = (error) => `${error.code} ${error.details?.permission}`;
  return [
    await db.findMany("orders"),
    await db.insert("orders", { name: "x" }).catch(refusal),
    await db.execute("delete from orders").catch(refusal),
    await db.update("orders", { name: "x" }, { total: 1 }).catch(refusal),
    await db.upsert("orders", { number: "x", name: "x" }, { on: ["number"] }).catch(refusal),
    await db.transaction((tx) => tx.delete("orders", { name: "x" })).catch(refusal),
    await db.count("ledger"),
    db.tables().map((table) => `${table.name} ${table.writable}`).sort(),
  ];
}
