// returns: [["GET","/echo?q=1&r=a&r=b",null,"yes",""],["POST","/echo",{"a":1},null,"application/json"],["PUT","/echo","text",null,"text/plain; charset=utf-8"],["PATCH","/echo",[1],null,"application/vnd.api+json"],["DELETE","/echo",null,null,""],["POST","/echo",{"b":2},null,"application/json"]]
async function main() {
  const url = "http://$ADDRESS/echo";
  const shown = ({ status, ok, body }) => (status === 200 && ok ? [body.method, body.target, body.body, body.headers["x-test"] ?? null, body.headers["content-type"] ?? ""] : status);
  return [
    shown(await http.get(url, { query: { q: 1, r: ["a", "b"] }, headers: { "X-Test": "yes" } })),
    shown(await http.post(url, { a: 1 })),
    shown(await http.put(url, "text")),
    shown(await http.patch(url, [1], { headers: { "Content-Type": "application/vnd.api+json" } })),
    shown(await http.delete(url)),
    shown(await http.request("POST", url, { body: { b: 2 } })),
  ];
}
