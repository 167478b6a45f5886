// returns: ["orders ok","salaries NOT_FOUND","ORDERS NOT_FOUND","../orders NOT_FOUND","orders; drop table orders NOT_FOUND"," NOT_FOUND","* NOT_FOUND","% NOT_FOUND","_rders NOT_FOUND","or\u0000ders NOT_FOUND","оrders NOT_FOUND","pg_class NOT_FOUND","sqlite_master NOT_FOUND","scriptorium_tables.orders NOT_FOUND","__proto__ NOT_FOUND"]
async function main() {
  const found = [];
  for (const name of ["orders", "salaries", "ORDERS", "../orders", "orders; drop table orders", "", "*", "%", "_rders", "or\u0000ders", "оrders", "pg_class", "sqlite_master", "scriptorium_tables.orders", "__proto__"]) {
    await db.count(name).then(() => found.push(`${name} ok`), (error) => found.push(`${name} ${error.code}`));
  }
  return found;
}
