// returns: [null,true,{"a":[1,"ж",null]},true,null,false,0,""]
async function main() {
  const missing = await storage.get("key");
  const set = await storage.set("key", { a: [1, "ж", null] }, 60);
  const value = await storage.get("key");
  const gone = await storage.delete("key");
  await storage.set("zero", 0);
  await storage.set("empty", "");
  return [missing, set, value, gone, await storage.get("key"), await storage.delete("key"), await storage.get("zero"), await storage.get("empty")];
}
