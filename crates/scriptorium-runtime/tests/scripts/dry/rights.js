// What it may not do it may not intend either.
// dry: true
// permissions: scripts.execute
// returns: "PERMISSION_DENIED"
async function main() {
  return services.demo.secret().catch((error) => error.code);
}
