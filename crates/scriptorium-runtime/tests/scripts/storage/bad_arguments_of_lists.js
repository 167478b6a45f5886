// returns: ["VALIDATION_ERROR options.limit","VALIDATION_ERROR options.limit","VALIDATION_ERROR options.cursor","VALIDATION_ERROR options","VALIDATION_ERROR prefix","VALIDATION_ERROR key","VALIDATION_ERROR key","VALIDATION_ERROR delta","VALIDATION_ERROR key"]
async function main() {
  const attempts = [
    () => storage.list("", { limit: 0 }), () => storage.list("", { limit: 1000 }), () => storage.list("", { cursor: 7 }),
    () => storage.list("", { after: "x" }), () => storage.list(7), () => storage.delete(Array(101).fill("k")),
    () => storage.delete({}), () => storage.increment("k", "1"), () => storage.compareAndSet("", 1, 2),
  ];
  const codes = [];
  for (const attempt of attempts) {
    await attempt().then(() => codes.push("allowed"), (error) => codes.push(`${error.code} ${error.field}`));
  }
  return codes;
}
