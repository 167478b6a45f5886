// returns: [true,false,true,1]
async function main() {
  await cache.set("k", 1);
  return [await cache.expire("k", 60), await cache.expire("nothing", 60), await cache.expire("k"), await cache.get("k")];
}
