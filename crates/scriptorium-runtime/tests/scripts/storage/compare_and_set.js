// returns: [true,false,{"n":1},true,2,false,true,null,true,false]
async function main() {
  return [
    await storage.compareAndSet("cas", null, { n: 1, m: [1] }),
    await storage.compareAndSet("cas", null, 5),
    ((await storage.get("cas")).m, { n: (await storage.get("cas")).n }),
    await storage.compareAndSet("cas", { m: [1.0], n: 1 }, 2),
    await storage.get("cas"),
    await storage.compareAndSet("cas", { n: 1 }, 3),
    await storage.compareAndSet("cas", 2, null),
    await storage.get("cas"),
    await storage.compareAndSet("cas", null, null),
    await storage.exists("cas"),
  ];
}
