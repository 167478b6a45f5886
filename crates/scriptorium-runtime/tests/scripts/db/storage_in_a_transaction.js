// returns: ["kept",3,[["in:a",1],["in:b",2]],"no",null,1,3,[["in:a",1]],[true,false,"VALIDATION_ERROR"],5,[1,2,3],"set",20]
// Storage changes with the rows, and not at all when they do not.
async function main() {
  const listed = async () => (await storage.list("in:")).items.map((item) => [item.key, item.value]);
  await storage.set("in:n", 1);
  const found = [];
  found.push(await db.transaction(async (tx) => {
    await tx.insert("orders", { name: "s1" });
    await storage.set("in:a", 1);
    await storage.set("in:b", 2);
    await storage.delete("in:n");
    await storage.increment("in:sum", 3);
    await storage.delete("in:sum");
    await storage.set("sum", 3);
    return "kept";
  }));
  found.push(await storage.get("sum"), await listed());
  found.push(await db.transaction(async (tx) => {
    await tx.insert("orders", { name: "s2" });
    await storage.set("in:c", 3);
    await storage.delete("in:a");
    await storage.increment("sum");
    throw new Error("no");
  }).catch((error) => error.message));
  found.push(await storage.get("in:c"), await storage.get("in:a"), await storage.get("sum"));
  found.push(await db.transaction(async () => {
    await storage.delete(["in:b", "in:nothing"]);
    return listed();
  }));
  found.push(await db.transaction(async () => [
    await storage.compareAndSet("in:a", 1, 5),
    await storage.compareAndSet("in:a", 1, 6),
    // What is refused is refused alone.
    await storage.set("in:text", "x").then(() => storage.increment("in:text")).catch((error) => error.code),
  ]));
  found.push(await storage.get("in:a"));
  // Calls that are made together come in the order in which they were made,
  found.push(await db.transaction(() => Promise.all([
    storage.increment("together"), storage.increment("together"), storage.increment("together"),
  ])));
  // also those that nobody waits for: they were made before the commit.
  let late;
  await db.transaction(async () => {
    for (let i = 1; i <= 20; i++) late = storage.set("late", i).then(() => "set", (error) => error.code);
  });
  found.push(await late, await storage.get("late"));
  for (const key of ["in:a", "in:text", "sum", "together", "late"]) await storage.delete(key);
  await db.delete("orders", { name: "s1" });
  return found;
}
