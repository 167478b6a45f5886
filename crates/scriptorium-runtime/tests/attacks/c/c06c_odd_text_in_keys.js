// id: C06c
// returns: ["VALIDATION_ERROR","VALIDATION_ERROR",1,2,"VALIDATION_ERROR","VALIDATION_ERROR"]
async function main() {
  const told = [];
  for (const [key, value] of [["a\0b", 1], ["a\nb", 1], ["\u{1f600}", 1], ["\u2028", 2], ["", 1], ["x".repeat(1 << 16), 1]]) {
    try { await storage.set(key, value); told.push(await storage.get(key)); } catch (error) { told.push(error.code); }
  }
  return told;
}
