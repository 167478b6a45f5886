// returns: ["RESPONSE_TOO_LARGE","not here"]
async function main() {
  const url = "http://$ADDRESS/missing";
  const small = await http.get(url, { maxBytes: 7 }).catch((error) => error.code);
  return [small, (await http.get(url, { maxBytes: 8 })).body];
}
