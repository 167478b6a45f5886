// returns: [null,null]
async function main() {
  return [await storage.get("a"), await storage.get("b")];
}
