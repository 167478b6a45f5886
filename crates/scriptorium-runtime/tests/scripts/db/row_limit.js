// returns: ["ROW_LIMIT sql",1000]
async function main() {
  const rows = [];
  for (let i = 0; i < 40; i++) rows.push({ name: `l${i}` });
  await db.insert("orders", rows);
  const all = "select a.name from orders a cross join orders b";
  const code = await db.query(all).catch((error) => `${error.code} ${error.field}`);
  const most = (await db.query(`${all} limit 1000`)).length;
  await db.execute("delete from orders");
  return [code, most];
}
