// returns: 0
async function main() {
  return db.count("orders", { name: "left open" });
}
