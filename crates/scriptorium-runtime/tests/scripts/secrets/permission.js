// permissions: scripts.read db.read
// returns: ["PERMISSION_DENIED","secrets.use"]
async function main() {
  return secrets.get("stripe").catch((error) => [error.code, error.details.permission]);
}
