// dry: true
// returns: [200,"GET",200,"",true,200,"","SSRF_BLOCKED","VALIDATION_ERROR"]
// effect: http http://$ADDRESS/echo POST {"a":1}
// effect: http http://$ADDRESS/silent DELETE
async function main() {
  const get = await http.get("http://$ADDRESS/echo");
  // A server that never answers would keep it: it is not asked.
  const post = await http.post("http://$ADDRESS/echo", { a: 1 });
  const gone = await http.delete("http://$ADDRESS/silent");
  const blocked = await http.post("http://169.254.169.254/", 1).catch((error) => error.code);
  const wrong = await http.put("http://$ADDRESS/echo", 1, { headers: { host: "x" } }).catch((error) => error.code);
  return [get.status, get.body.method, post.status, post.body, post.ok, gone.status, gone.body, blocked, wrong];
}
