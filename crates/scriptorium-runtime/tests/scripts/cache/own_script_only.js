// returns: [null,null,null]
async function main() {
  // Every case of this folder is another script, and others have kept these.
  return [await cache.get("k"), await cache.get("n"), await cache.get("text")];
}
