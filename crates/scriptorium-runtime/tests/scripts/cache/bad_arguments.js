// returns: ["VALIDATION_ERROR key","VALIDATION_ERROR key","VALIDATION_ERROR value","VALIDATION_ERROR ttlSeconds","VALIDATION_ERROR key","VALIDATION_ERROR key","VALIDATION_ERROR delta","VALIDATION_ERROR key","VALIDATION_ERROR key","VALIDATION_ERROR ttlSeconds"]
async function main() {
  await cache.set("text", "x");
  const attempts = [
    () => cache.get(), () => cache.set(""), () => cache.set("k", "x".repeat(70_000)), () => cache.set("k", 1, 0),
    () => cache.delete([1]), () => cache.exists(7), () => cache.increment("k", "1"), () => cache.increment("text"),
    () => cache.increment("a\u0000"), () => cache.expire("k", -1),
  ];
  const codes = [];
  for (const attempt of attempts) {
    await attempt().then(() => codes.push("allowed"), (error) => codes.push(`${error.code} ${error.field}`));
  }
  return codes;
}
