// permissions: db.read db.write ledger.read
// returns: ["PERMISSION_DENIED ledger.write",0,"UNAUTHORIZED_OPERATION undefined"]
async function main() {
  const refusal = (error) => `${error.code} ${error.details?.permission}`;
  return [
    await db.insert("ledger", { name: "x" }).catch(refusal),
    await db.count("ledger"),
    await db.insert("products", { name: "x" }).catch(refusal),
  ];
}
