async function main() {
  const runs = ((await storage.get("daily-runs")) ?? 0) + 1;
  await storage.set("daily-runs", runs);
  console.info(`Run number ${runs}`);
  return { runs };
}
