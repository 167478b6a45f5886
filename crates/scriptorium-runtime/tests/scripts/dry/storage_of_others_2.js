// dry: true
// returns: ["real",true,null,true,"other"]
// effect: storage kept delete
// effect: storage kept set "other"
async function main() {
  return [
    await storage.get("kept"),
    await storage.delete("kept"),
    await storage.get("kept"),
    await storage.set("kept", "other"),
    await storage.get("kept"),
  ];
}
