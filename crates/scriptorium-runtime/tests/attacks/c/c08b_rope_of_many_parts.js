// id: C08b
// returns: [true,20000]
async function main() {
  let rope = "";
  for (let i = 0; i < 20000; i++) rope = i % 2 ? rope + "x" : "y" + rope;
  return [await storage.set("k", rope), (await storage.get("k")).length];
}
