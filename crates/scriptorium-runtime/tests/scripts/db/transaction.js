// returns: ["kept",1,"no",0,"VALIDATION_ERROR",1]
// event: order.kept {"n":1}, order.refused {"n":3}
async function main() {
  const made = await db.transaction(async (tx) => {
    await tx.insert("orders", { name: "t1" });
    await events.publish("order.kept", { n: 1 });
    return "kept";
  });
  const kept = await db.count("orders", { name: "t1" });
  const thrown = await db.transaction(async (tx) => {
    await tx.insert("orders", { name: "t2" });
    await events.publish("order.lost", { n: 2 });
    throw new Error("no");
  }).catch((error) => error.message);
  const lost = await db.count("orders", { name: "t2" });
  // A statement that is refused is undone alone, and the script may go on.
  const code = await db.transaction(async (tx) => {
    const code = await tx.insert("orders", { name: "t3", total: "x" }).catch((error) => error.code);
    await tx.insert("orders", { name: "t3" });
    await events.publish("order.refused", { n: 3 });
    return code;
  });
  const third = await db.count("orders", { name: "t3" });
  await db.delete("orders", { name: ["t1", "t2", "t3"] });
  return [made, kept, thrown, lost, code, third];
}
