// returns: [{"name":"a","total":5,"paid":true,"extra":{"tags":["x"]},"due":"2026-03-01T04:05:06.007Z","number":"n1"},2,[1,"a"],null,1,[["a",6]],3,0]
async function main() {
  const row = await db.insert("orders", { name: "a", total: 5, paid: true, extra: { tags: ["x"] }, due: utils.date.now(), number: "n1" });
  const { id, ...rest } = row;
  const two = await db.insert("orders", [{ name: "b" }, { name: "c", total: 1 }]);
  const counted = await db.query("select count(*) as n, min(name) as first from orders where total > $1", [2]);
  const found = [
    rest,
    two.length,
    [counted[0].n, counted[0].first],
    await db.queryOne("select id from orders where name = ?", ["nobody"]),
    await db.execute("update orders set total = total + 1 where id = $1", [id]),
    (await db.findMany("orders", { total: { gt: 1 } }, { orderBy: "-total", limit: 10 })).map((o) => [o.name, o.total]),
    await db.count("orders"),
  ];
  await db.delete("orders", { name: ["a", "b", "c"] });
  found.push(await db.count("orders", {}));
  return found;
}
