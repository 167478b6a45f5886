// returns: "TIMEOUT"
async function main() {
  return http.get("http://$ADDRESS/silent", { timeout: 50 }).catch((error) => error.code);
}
