// returns: ["SSRF_BLOCKED",302,"http://169.254.169.254/",200,"/echo",1,"GET",0]
async function main() {
  const inside = await http.get("http://$ADDRESS/redirect").catch((error) => error.code);
  const shown = await http.get("http://$ADDRESS/redirect", { redirect: "manual" });
  const followed = await http.post("http://$ADDRESS/go", { a: 1 });
  const direct = await http.get("http://$ADDRESS/echo");
  const path = followed.url.slice("http://$ADDRESS".length);
  return [inside, shown.status, shown.headers.location, followed.status, path, followed.redirects, followed.body.method, direct.redirects];
}
