// returns: "1234567"
async function main() {
  return secrets.get("short");
}
