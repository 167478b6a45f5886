// returns: ["TRANSACTION_OPEN","TRANSACTION_OPEN",1,"TRANSACTION_OVER","TRANSACTION_OVER",0,true]
async function main() {
  const found = [];
  let outside;
  await db.transaction(async (tx) => {
    outside = tx;
    found.push(await db.transaction(() => 1).catch((error) => error.code));
    found.push(await services.demo.echo(1).catch((error) => error.code));
    await tx.insert("orders", { name: "r1" });
    // Every call belongs to it.
    found.push(await db.count("orders", { name: "r1" }));
    await db.delete("orders", { name: "r1" });
  });
  found.push(await outside.count("orders").catch((error) => error.code));
  found.push(await outside.insert("orders", { name: "r2" }).catch((error) => error.code));
  found.push(await db.count("orders"));
  found.push(Object.isFrozen(outside) && outside.transaction === undefined);
  return found;
}
