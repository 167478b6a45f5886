// returns: ["VALIDATION_ERROR key","VALIDATION_ERROR key","VALIDATION_ERROR key","VALIDATION_ERROR value","VALIDATION_ERROR ttlSeconds","VALIDATION_ERROR ttlSeconds","VALIDATION_ERROR ttlSeconds","VALIDATION_ERROR undefined","VALIDATION_ERROR value","VALIDATION_ERROR key"]
async function main() {
  const deep = JSON.parse("[".repeat(200) + "]".repeat(200));
  const attempts = [
    () => storage.get(),
    () => storage.get(7),
    () => storage.get(""),
    () => storage.set("k", "x".repeat(300_000)),
    () => storage.set("k", 1, 0),
    () => storage.set("k", 1, 1.5),
    () => storage.set("k", 1, "60"),
    () => storage.set("k", 10n),
    () => storage.set("k", deep),
    () => storage.delete("a\u0000b"),
  ];
  const codes = [];
  for (const attempt of attempts) {
    await attempt().then(() => codes.push("allowed"), (error) => codes.push(`${error.code} ${error.field}`));
  }
  return codes;
}
