// returns: [503,200,503]
async function main() {
  const url = "http://$ADDRESS/busy";
  const first = await http.get(url);
  const again = await http.get(url, { retries: 2 });
  const changing = await http.post(url, 1, { retries: 2 });
  return [first.status, again.status, changing.status];
}
