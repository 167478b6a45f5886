// What is there is read, and stays.
// returns: true
async function main() {
  return storage.set("kept", "real");
}
