// returns: [3,"application/octet-stream"]
async function main() {
  const { body } = await http.post("http://$ADDRESS/echo", new Uint8Array([1, 2, 3]));
  return [body.length, body.headers["content-type"]];
}
