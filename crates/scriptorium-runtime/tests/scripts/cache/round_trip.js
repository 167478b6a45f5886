// returns: [null,true,{"a":[1]},true,true,false,true,3,5.5,null,false]
async function main() {
  return [
    await cache.get("k"),
    await cache.set("k", { a: [1] }),
    await cache.get("k"),
    await cache.exists("k"),
    await cache.delete(["k", "nothing"]),
    await cache.delete("k"),
    await cache.set("n", 1, 60),
    await cache.increment("n", 2),
    await cache.increment("n", 2.5),
    await cache.get("other"),
    await cache.exists("other"),
  ];
}
