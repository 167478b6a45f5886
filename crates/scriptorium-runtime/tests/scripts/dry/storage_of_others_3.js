// returns: "real"
async function main() {
  return storage.get("kept");
}
