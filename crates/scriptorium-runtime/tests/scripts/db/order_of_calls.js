// returns: [["s0","s1","s2","s3","s4","s5","s6","s7","s8","s9"],0]
async function main() {
  const names = await db.transaction(async (tx) => {
    const calls = [];
    for (let i = 0; i < 10; i++) calls.push(tx.insert("orders", { name: `s${i}`, total: i }), tx.update("orders", { name: `s${i}` }, { paid: true }));
    await Promise.all(calls);
    return (await tx.findMany("orders", { paid: true }, { orderBy: "total" })).map((row) => row.name);
  });
  await db.execute("delete from orders");
  return [names, await db.count("orders")];
}
