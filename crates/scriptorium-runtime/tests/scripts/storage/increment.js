// returns: [1,11,10.5,10,50,true,false,"VALIDATION_ERROR key"]
async function main() {
  const found = [await storage.increment("inc"), await storage.increment("inc", 10), await storage.increment("inc", -0.5)];
  await storage.set("inc", 0);
  await Promise.all(Array.from({ length: 10 }, () => storage.increment("inc")));
  found.push(await storage.get("inc"));
  found.push(await storage.increment("inc2", 50, 60));
  found.push(await storage.expire("inc2", 5), await storage.expire("nothing", 5));
  await storage.set("inc", "text");
  found.push(await storage.increment("inc").catch((error) => `${error.code} ${error.field}`));
  await storage.delete(["inc", "inc2"]);
  return found;
}
