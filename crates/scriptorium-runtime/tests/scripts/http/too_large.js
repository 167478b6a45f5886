// returns: "RESPONSE_TOO_LARGE"
async function main() {
  return http.get("http://$ADDRESS/endless").catch((error) => error.code);
}
