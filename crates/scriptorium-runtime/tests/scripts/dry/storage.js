// It reads back what it wrote, and nobody else does: the next case finds nothing of it.
// dry: true
// returns: [null,true,{"n":1},true,null,false,true,2]
// effect: storage a set {"n":1}
// effect: storage a delete
// effect: storage a delete
// effect: storage b set 2
async function main() {
  return [
    await storage.get("a"),
    await storage.set("a", { n: 1 }, 60),
    await storage.get("a"),
    await storage.delete("a"),
    await storage.get("a"),
    await storage.delete("a"),
    await storage.set("b", 2),
    await storage.get("b"),
  ];
}
