// fails: limit.memory
async function main() {
  await crypto.subtle.digest("SHA-256", new ArrayBuffer(40e6));
}
