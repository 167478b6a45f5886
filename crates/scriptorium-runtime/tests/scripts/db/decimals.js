// returns: ["0.10","string",["0.10","1250.50"],"1250.60","1250.70",["VALIDATION_ERROR price","VALIDATION_ERROR params","VALIDATION_ERROR sql"],{"name":"price","nullable":false,"precision":12,"scale":2,"type":"decimal","unique":false}]
async function main() {
  const { price } = await db.insert("prices", { price: 0.1 });
  await db.execute("insert into prices (id, price) values ($1, $2)", [utils.uuid(), "1250.5"]);
  const found = await db.findMany("prices", { price: { gte: "0.1" } }, { orderBy: "price" });
  const { total } = await db.queryOne("select sum(price) as total from prices");
  const refused = [];
  for (const attempt of [
    () => db.insert("prices", { price: 0.1 + 0.2 }),
    () => db.query("select id from prices where price > $1", ["1.005"]),
    () => db.query("select price * 2 as twice from prices"),
  ]) {
    await attempt().then(() => refused.push("allowed"), (e) => refused.push(`${e.code} ${e.field}`));
  }
  await db.execute("delete from prices");
  const column = db.tables().find((table) => table.name === "prices").columns[1];
  return [price, typeof price, found.map((row) => row.price), total, utils.decimal.add(total, price), refused, column];
}
