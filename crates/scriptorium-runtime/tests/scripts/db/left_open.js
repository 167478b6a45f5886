// returns: "done"
async function main() {
  // Not waited for: it is not over when the execution is, and nothing of it is kept.
  db.transaction(async (tx) => {
    await tx.insert("orders", { name: "left open" });
    await new Promise(() => {});
  });
  await utils.template.render("welcome", { name: "x" });
  return "done";
}
