// limit: wall_ms=300
// fails: limit.wall
async function main() {
  await db.transaction(async (tx) => {
    await tx.insert("orders", { name: "left open" });
    for (;;) await new Promise((resolve) => setTimeout(resolve, 50));
  });
}
