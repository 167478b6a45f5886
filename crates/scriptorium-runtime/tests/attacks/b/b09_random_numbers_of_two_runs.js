// id: B09
// returns: "kept"
// leaves: true
// The two runs begin from one snapshot.
async function main(input) {
  const now = [Math.random(), utils.uuid(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint8Array(8))].join(), [...utils.crypto.randomBytes(8)].join()];
  if (input !== "look") {
    await storage.set("b09", now);
    return "kept";
  }
  const before = (await storage.get("b09")) ?? [];
  return new Set(now).size === now.length && before.every((value) => !now.includes(value));
}
