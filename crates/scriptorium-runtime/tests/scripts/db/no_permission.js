// permissions: scripts.read
// returns: ["PERMISSION_DENIED db.read","PERMISSION_DENIED db.read","PERMISSION_DENIED db.read","PERMISSION_DENIED db.read",0]
async function main() {
  const refusal = (error) => `${error.code} ${error.details?.permission}`;
  return [
    await db.query("select 1 as one from orders").catch(refusal),
    await db.queryOne("select 1 as one from orders").catch(refusal),
    await db.findOne("products").catch(refusal),
    await db.count("orders").catch(refusal),
    db.tables().length,
  ];
}
