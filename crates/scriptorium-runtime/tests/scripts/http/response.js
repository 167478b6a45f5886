// returns: {"status":404,"ok":false,"type":"text/plain","text":"not here","bytes":[true,[0,255]],"broken":"{","empty":null}
async function main() {
  const missing = await http.get("http://$ADDRESS/missing");
  const bytes = await http.get("http://$ADDRESS/bytes");
  const broken = await http.get("http://$ADDRESS/broken-json");
  const empty = await http.get("http://$ADDRESS/empty");
  return {
    status: missing.status,
    ok: missing.ok,
    type: missing.headers["content-type"],
    text: missing.body,
    bytes: [bytes.body instanceof Uint8Array, [...bytes.body]],
    broken: broken.body,
    empty: empty.body,
  };
}
