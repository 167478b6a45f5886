// returns: [["list/a","list/b"],"list/b",["list/c"],[],null,[],["list/a",1,null]]
async function main() {
  for (const key of ["list/c", "list/a", "list/b", "lisu", "lis"]) await storage.set(key, 1);
  const keys = (list) => list.items.map((item) => item.key);
  const first = await storage.list("list/", { limit: 2 });
  const second = await storage.list("list/", { limit: 2, cursor: first.nextCursor });
  const third = await storage.list("list/", { cursor: second.nextCursor });
  const none = await storage.list("nothing");
  const { key, value, expiresAt } = first.items[0];
  await storage.delete(["list/a", "list/b", "list/c", "lisu", "lis"]);
  return [keys(first), first.nextCursor, keys(second), keys(third), third.nextCursor, keys(none), [key, value, expiresAt]];
}
